"""The page of live answers: drift in words, signals over time, the worst answers with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from eval.online.drift import LEVEL, RECENT, Drift
from eval.online.overview import MEANINGS, WINDOW, Judged, Overview, in_words, title, when
from eval.online.signals import ABSTAINED, LATENCY, SLOW, SUPPORTED, Bucket
from eval.report.axis import Axis
from eval.report.charts import time_series
from eval.report.page import Tile, render
from eval.report.wording import duration, limits, percent, score
from eval.statistics import Interval
from rag.types import Label

LONGEST_TEXT = 2_000
"""Characters of a sentence and of a passage that are shown."""
UNIT = Axis(low=0.0, high=1.0, show=percent)

Points = Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class TimeFigure:
    """A signal over time as a chart, with its numbers as a table."""

    heading: str
    chart: Markup
    caption: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def online_page(overview: Overview, worst: Sequence[Judged]) -> str:
    """One HTML file that needs nothing beside itself; `worst` answers are shown with their texts."""
    nav = [("now", "Now"), ("time", "Over time"), ("stages", "Stages"), ("worst", "Worst answers")]
    changed = {
        word: [title(one.signal) for one in overview.drifts if one.verdict == word]
        for word in ("worse", "better")
    }
    return render(
        "online.html.j2",
        title=f"Live answers of {overview.collection}" if overview.first else overview.collection,
        kicker="Live answers",
        nav=nav if overview.first else (),
        overview=overview,
        worst=worst,
        window=WINDOW,
        recent=RECENT,
        level=LEVEL,
        tiles=_tiles(overview),
        changed={word: names for word, names in changed.items() if names},
        figures=_over_time(overview),
        bucket_length=_length(overview.series.length),
        slow_meaning=MEANINGS[SLOW],
        signal_title=title,
        in_words=in_words,
        when=when,
        sentences_of=_sentences,
        longest_text=LONGEST_TEXT,
    )


def _tiles(overview: Overview) -> list[Tile]:
    """The newest values; answers first."""
    waiting = overview.states.get("waiting", 0)
    note = f"{waiting:,} not scored yet" if waiting else "all scored"
    signals = (_tile(one) for one in overview.drifts if one.signal != SLOW)
    return [Tile("answers", f"{overview.answers:,}", note), *(one for one in signals if one)]


def _tile(drift: Drift) -> Tile | None:
    if drift.difference is None:
        return None
    shares = (SUPPORTED, ABSTAINED)
    write = duration if drift.signal == LATENCY else percent if drift.signal in shares else score
    before, after = write(drift.difference.before), write(drift.difference.after)
    return Tile(title(drift.signal), after, f"{before} before")


def _over_time(overview: Overview) -> list[TimeFigure]:
    buckets = overview.series.buckets
    judges = sorted({name for bucket in buckets for name in bucket.scores})
    return [
        _share(SUPPORTED, [(one.start, one.supported) for one in buckets]),
        _share(ABSTAINED, [(one.start, one.abstained) for one in buckets]),
        _latency(buckets),
        *(_share(name, [(one.start, one.scores.get(name)) for one in buckets]) for name in judges),
    ]


def _length(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours:g} hours" if hours > 1 else f"{60 * hours:.0f} minutes"


def _share(signal: str, means: Sequence[tuple[datetime, Interval | None]]) -> TimeFigure:
    known = [(start, interval) for start, interval in means if interval is not None]
    points: Points = [(start, interval.mean) for start, interval in known]
    band = [(start, interval.low, interval.high) for start, interval in known]
    rows = [
        (when(start), f"{score(interval.mean)} {limits(interval)}", f"{interval.n:,}")
        for start, interval in known
    ]
    name = title(signal)
    desc = f"{name} of sampled answers over time, {len(known)} points."
    chart = time_series(name, desc, [(name, points)], UNIT, bands=[band])
    return TimeFigure(name, chart, MEANINGS.get(signal, ""), ("from", "mean and interval", "answers"), rows)


def _latency(buckets: Sequence[Bucket]) -> TimeFigure:
    names = ("median", "95th percentile")
    lines: list[tuple[str, Points]] = [
        (name, [(bucket.start, bucket.latency_ms[n] if bucket.latency_ms else None) for bucket in buckets])
        for n, name in enumerate(names)
    ]
    rows = [
        (when(bucket.start), *(duration(ms) for ms in bucket.latency_ms), f"{bucket.answers:,}")
        for bucket in buckets
        if bucket.latency_ms
    ]
    desc = "Median and 95th percentile of the time of an answer."
    chart = time_series("Latency", desc, lines, Axis(show=duration))
    caption = "time of a whole answer, without waiting for a place"
    return TimeFigure("Latency", chart, caption, ("from", *names, "answers"), rows)


def _sentences(one: Judged) -> list[tuple[str, Label | None]]:
    """The sentences of an answer with the verdicts that it was given with."""
    response = one.texts.response
    if not one.texts.sentences:
        return [(response, None)]
    return [(response[part.start : part.end], part.label) for part in one.texts.sentences]
