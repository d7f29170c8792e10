"""The page of live answers: drift in words, signals over time, the worst answers with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from eval.online.drift import LEVEL, RECENT, Drift
from eval.online.overview import MEANINGS, WINDOW, Judged, Overview, in_words, title, when
from eval.online.signals import ABSTAINED, LATENCY, SLOW, SUPPORTED, Bucket
from eval.report.axis import Axis
from eval.report.charts import time_series
from eval.report.html import Part, cut, join, said, tag
from eval.report.numbers import duration, percent, score
from eval.report.page import (
    Tile,
    details,
    facts,
    figure,
    grid,
    listed,
    page,
    paragraph,
    section,
    table,
    tiles,
)
from eval.report.wording import MARKS
from eval.statistics import Interval
from rag.store import SampledPassage, SampledSentence

_LONGEST, _OPEN = 2_000, 3
_CHANGED = ("worse", "better")
_SHARE = Axis(low=0.0, high=1.0, show=percent)

Point = tuple[datetime, float | None]


def online_page(found: Overview, worst: Sequence[Judged]) -> str:
    """One HTML file that needs nothing beside itself; `worst` answers are shown with their texts."""
    kicker = "Live answers"
    if found.first is None or found.last is None:
        none = section("none", "No answers", paragraph("No live answer of this collection was sampled."))
        return page(found.collection, none, kicker=kicker)
    nav = [("now", "Now"), ("time", "Over time"), ("stages", "Stages"), ("worst", "Worst answers")]
    body = join([_now(found), _over_time(found), _stages(found), _worst(worst)])
    return page(f"Live answers of {found.collection}", body, kicker=kicker, nav=nav)


def _now(found: Overview) -> Markup:
    assert found.first is not None
    assert found.last is not None
    span = f"{when(found.first)} to {when(found.last)}"
    hint = (
        f"{found.answers:,} sampled answers, {span}; the {WINDOW:,} newest at most. A change is one that "
        f"chance shows in {percent(LEVEL)} of looks, all signals together, and that is large enough to "
        "matter."
    )
    changed = [drift for drift in found.drifts if drift.verdict in _CHANGED]
    lead = _lead(changed) if changed else _unchanged(found)
    told = listed([_told(one) for one in found.drifts])
    return section("now", "Now", tiles(_tiles(found)), lead, told, hint=hint)


def _told(drift: Drift) -> Markup:
    """What became of a signal; what it is stands below its chart, where it has one."""
    kind = drift.verdict if drift.verdict in _CHANGED else None
    meaning = tag("span", f" ({MEANINGS[SLOW]})", class_="note") if drift.signal == SLOW else None
    return tag(
        "span", tag("strong", title(drift.signal)), meaning, ": ", tag("span", in_words(drift), class_=kind)
    )


def _lead(changed: Sequence[Drift]) -> Markup:
    """Which signals changed; how, the table says."""
    named = {word: [title(one.signal) for one in changed if one.verdict == word] for word in _CHANGED}
    told = [
        tag("strong", f"{word.capitalize()}: {', '.join(names)}. ") for word, names in named.items() if names
    ]
    return paragraph(*told, kind="lead")


def _unchanged(found: Overview) -> Markup:
    judged = any(one.verdict == "steady" for one in found.drifts)
    text = "Nothing changed." if judged else "There are too few answers yet to tell a change from chance."
    return paragraph(text, kind="lead")


def _tiles(found: Overview) -> list[Tile]:
    """The newest values; answers first."""
    waiting = found.states.get("waiting", 0)
    note = f"{waiting:,} not scored yet" if waiting else "all scored"
    return [Tile("answers", f"{found.answers:,}", note), *map(_tile, filter(_compared, found.drifts))]


def _compared(drift: Drift) -> bool:
    return drift.difference is not None and drift.signal != SLOW


def _tile(drift: Drift) -> Tile:
    assert drift.difference is not None
    shares = (SUPPORTED, ABSTAINED)
    write = duration if drift.signal == LATENCY else percent if drift.signal in shares else score
    return Tile(
        title(drift.signal), write(drift.difference.after), f"{write(drift.difference.before)} before"
    )


def _over_time(found: Overview) -> Markup:
    buckets = found.series.buckets
    judges = sorted({name for bucket in buckets for name in bucket.scores})
    figures = [
        _share(SUPPORTED, [(one.start, one.supported) for one in buckets]),
        _share(ABSTAINED, [(one.start, one.abstained) for one in buckets]),
        _latency(buckets),
        *(_share(name, [(one.start, one.scores.get(name)) for one in buckets]) for name in judges),
    ]
    hours = found.series.length.total_seconds() / 3600
    length = f"{hours:g} hours" if hours > 1 else f"{60 * hours:.0f} minutes"
    hint = f"Each point is {length}; bands are 95% bootstrap intervals. Few answers make wide bands."
    return section("time", "Over time", grid(*figures), hint=hint)


def _share(signal: str, means: Sequence[tuple[datetime, Interval | None]]) -> Markup:
    known = [(start, interval) for start, interval in means if interval is not None]
    points: list[Point] = [(start, interval.mean) for start, interval in known]
    band = [(start, interval.low, interval.high) for start, interval in known]
    rows = [(when(start), _spread(interval), f"{interval.n:,}") for start, interval in known]
    data = table(title(signal), ("from", "mean and interval", "answers"), rows, hide_caption=True)
    desc = f"{title(signal)} of sampled answers over time, {len(known)} points."
    chart = time_series(title(signal), desc, [(title(signal), points)], _SHARE, bands=[band])
    return figure(chart, MEANINGS.get(signal), heading=title(signal), data=data)


def _latency(buckets: Sequence[Bucket]) -> Markup:
    names = ("median", "95th percentile")
    lines: list[tuple[str, list[Point]]] = [
        (name, [(bucket.start, bucket.latency_ms[n] if bucket.latency_ms else None) for bucket in buckets])
        for n, name in enumerate(names)
    ]
    rows = [
        (when(bucket.start), *(duration(ms) for ms in bucket.latency_ms), f"{bucket.answers:,}")
        for bucket in buckets
        if bucket.latency_ms
    ]
    data = table("Latency", ("from", *names, "answers"), rows, hide_caption=True)
    desc = "Median and 95th percentile of the time of an answer."
    chart = time_series("Latency", desc, lines, Axis(show=duration))
    return figure(chart, "time of a whole answer, without waiting for a place", heading="Latency", data=data)


def _spread(interval: Interval) -> str:
    return f"{score(interval.mean)} [{score(interval.low)}, {score(interval.high)}]"


def _stages(found: Overview) -> Markup:
    rows = [
        (one.stage, *(_time(one.before, n) for n in (0, 1)), *(_time(one.recent, n) for n in (0, 1)))
        for one in found.stages
    ]
    header = ("stage", "median before", "95% before", "median now", "95% now")
    hint = f"The {found.recent:,} newest answers against those before; 95%: as many took no longer."
    routes = facts([(route, f"{count:,}") for route, count in found.routes.items()])
    told = table("Times by stage", header, rows, stack=True)
    return section("stages", "Stages and routes", told, tag("h3", "Who answered"), routes, hint=hint)


def _time(times: tuple[float, float] | None, n: int) -> str:
    return duration(times[n]) if times else "–"


def _worst(worst: Sequence[Judged]) -> Markup:
    hint = (
        f"Of the {RECENT} newest sampled answers, by their mean rank over judges and live check. Verdicts "
        "are those that the answer was given with."
    )
    shown: list[Part] = [_answer(n, one) for n, one in enumerate(worst, start=1)]
    nothing = paragraph("No answer whose texts are still there was judged yet.")
    return section("worst", "Worst answers", *(shown or [nothing]), hint=hint)


def _answer(n: int, one: Judged) -> Markup:
    sample = one.sample
    head = tag("h3", f"{n}. ", cut(one.texts.question, 300), class_="question")
    about = f"{when(sample.created_at)} · {sample.route} · {duration(sample.timings.get('total', 0.0))}"
    scores: list[tuple[Part, Part]] = [(title(name), score(value)) for name, value in sample.scores.items()]
    scores += [(title(name), tag("code", code)) for name, code in sample.problems.items()]
    if sample.supported is not None:
        scores.insert(0, (title(SUPPORTED), percent(sample.supported)))
    evidence = [_passage(number, passage) for number, passage in enumerate(one.passages, start=1)]
    answer = tag(
        "ul", *(tag("li", *_sentence(one, sentence)) for sentence in _sentences(one)), class_="sentences"
    )
    folded = details(f"Passages ({len(evidence)})", *evidence)
    body = tag("div", answer, facts(scores), folded, class_="body")
    whole = details(join([head, tag("span", about, class_="note")]), body, open_=n <= _OPEN)
    return tag("article", whole, class_="card", id=f"answer-{n}")


def _sentences(one: Judged) -> tuple[SampledSentence, ...]:
    return one.texts.sentences or (SampledSentence(0, len(one.texts.response), None, None),)


def _sentence(one: Judged, sentence: SampledSentence) -> list[Part]:
    """The sentence and the verdict that it was given with."""
    text = tag("span", cut(one.texts.response[sentence.start : sentence.end], _LONGEST), class_="said")
    if sentence.label is None:
        return [text, " ", tag("span", "not checked", class_="verdict note")]
    verdict = f"{MARKS[sentence.label]} {sentence.label}"
    return [text, " ", tag("span", verdict, class_=f"verdict {sentence.label}")]


def _passage(number: int, passage: SampledPassage | None) -> Markup:
    if passage is None:
        return paragraph(f"[{number}] is in quarantine now.", kind="note")
    place = f", page {passage.page}" if passage.page is not None else ""
    head = tag("strong", f"[{number}] ", said(passage.source), place)
    return tag("p", head, tag("br"), cut(passage.text, _LONGEST))
