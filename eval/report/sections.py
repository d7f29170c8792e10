"""The short sections of a report: the verdict, slices, what is missing, the setup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from markupsafe import Markup

from eval.report.analysis import Analysis, Slice
from eval.report.axis import SCORE
from eval.report.charts import interval
from eval.report.html import BRIEF, Part, brief, join, tag
from eval.report.numbers import duration, percent, score
from eval.report.page import Tile, code, facts, paragraph, section, table, tiles
from eval.report.verdict import right_when_answered, total, verdict
from eval.report.wording import between, reason
from eval.runs.compare import Comparison
from eval.runs.record import Run

Key = TypeVar("Key")

AGAIN = (
    "Where RUN is the folder of this run. Asks its cases with its metrics, settings and seed, and compares:"
)


def summary(found: Analysis, comparison: Comparison | None) -> Markup:
    """The verdict in words and the figures behind it."""
    words = " ".join(verdict(found, comparison))
    return section("verdict", "In short", paragraph(words, kind="lead"), tiles(_tiles(found)))


def slices(found: Analysis) -> Markup | None:
    """Where it is weak: the main metrics by kind of question, source and length."""
    if not found.slices or not found.main:
        return None
    parts = [
        _slice_table(name, tuple(inside), found.main)
        for name, inside in groupby(found.slices, key=lambda one: one.name)
    ]
    return section(
        "slices", "By kind of question", *parts, hint="Slices of fewer than five cases are left out."
    )


def missing(found: Analysis) -> Markup | None:
    """What got no answer and what got no score, by reason."""
    parts: list[Part] = []
    if found.reasons:
        rows = [[reason(name), tag("code", name), f"{n:,}"] for name, n in _most(found.reasons)]
        parts.append(
            table("Questions without an answer", ["Reason", "Code", "Questions"], rows, words=(0, 1))
        )
    if found.failures:
        broken = [[tag("code", code), f"{n:,}"] for code, n in _most(found.failures)]
        parts.append(table("Questions that could not be asked", ["Code", "Questions"], broken))
    if found.errors:
        failed = [[name, tag("code", bad), f"{n:,}"] for (name, bad), n in _most(found.errors)]
        header = ["Metric", "Code", "Cases"]
        parts.append(table("Scores that could not be computed", header, failed, words=(0, 1)))
    return section("missing", "What is missing", *parts) if parts else None


def setup(run: Run) -> Markup:
    """What the run was made with, and how to repeat it."""
    made = run.setup
    main: list[tuple[Part, Part]] = [
        ("Run", tag("code", made.id)),
        ("Collection", join([brief(made.collection), f", version {made.collection_version}"])),
        ("Cases", join([f"{made.cases:,} from ", brief(made.cases_file or "the request")])),
        ("Hash of the cases", tag("code", made.cases_sha256[:16])),
        ("Begun", f"{made.created_at:%Y-%m-%d %H:%M} UTC"),
        ("Took", duration(1000 * run.seconds)),
        ("Seed", str(made.seed)),
    ]
    groups = {
        "Models": made.models,
        "Machine": made.machine,
        "Settings": made.settings,
        "Packages": made.packages,
    }
    parts = [join([tag("h3", name), _mapping(group)]) for name, group in groups.items() if group]
    repeat = join(
        [tag("h3", "How to repeat it"), paragraph(AGAIN), code("footnote eval repeat RUN --out AGAIN")]
    )
    return section("setup", "Setup", facts(main), *parts, repeat)


def _tiles(found: Analysis) -> list[Tile]:
    counts = found.counts
    share = percent(counts.answered / counts.cases) if counts.cases else ""
    tiles = [Tile("Answered", f"{counts.answered:,} of {counts.cases:,}", share)]
    faithful = found.summaries.get("faithfulness")
    if faithful and faithful.interval:
        tiles.append(
            Tile("Supported by passages", percent(faithful.interval.mean), between(faithful.interval))
        )
    right = right_when_answered(found)
    if right:
        tiles.append(Tile("Right when answered", percent(right.mean), f"{between(right)} by {found.metric}"))
    if counts.unanswerable:
        note = "that the collection does not answer"
        tiles.append(Tile("Rightly declined", f"{counts.declined:,} of {counts.unanswerable:,}", note))
    whole = total(found)
    if whole:
        tiles.append(Tile("Median time", duration(whole.p50), f"95% within {duration(whole.p95)}"))
    return tiles


def _slice_table(name: str, inside: Sequence[Slice], main: Sequence[str]) -> Markup:
    first = main[0]
    header = [name[:BRIEF].capitalize(), "from 0 to 1", *main, "Answered"]
    rows: list[list[Part]] = []
    for one in inside:
        known = one.scores.get(first)
        cell = interval(known.mean, known.low, known.high, SCORE) if known else None
        means = [score(one.scores[metric].mean) if metric in one.scores else "–" for metric in main]
        rows.append([brief(one.value), cell, *means, f"{percent(one.answered / one.n)} of {one.n:,}"])
    return table(
        f"By {name[:BRIEF]}: the interval is that of {first}", header, rows, wide=1, stack=True, even=True
    )


def _most(counts: Mapping[Key, int]) -> list[tuple[Key, int]]:
    return sorted(counts.items(), key=lambda entry: -entry[1])


def _mapping(values: Mapping[str, str | int | float | bool | None]) -> Markup:
    return facts(
        [(name, brief("–" if value in (None, "") else str(value))) for name, value in values.items()]
    )
