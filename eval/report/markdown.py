"""A report as Markdown: the verdict and the tables, for a terminal, a pull request or a log."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.report.analysis import Analysis, analyse, spent
from eval.report.verdict import verdict
from eval.report.wording import OUTCOMES, counted, duration, limits, percent, reason, score, signed, table
from eval.runs.compare import Comparison
from eval.runs.record import Run, Summary

LONGEST = 160
TAKEN_UP = re.compile(r"([\\`*<|])")
"""What Markdown would take up amid a sentence of ours; names hold no more than that."""


def to_markdown(run: Run, comparison: Comparison | None = None) -> str:
    """Verdict, scores, difference to a baseline, slices, times, cost and the worst cases, as tables."""
    found = analyse(run)
    made = f"{run.setup.created_at:%Y-%m-%d %H:%M} UTC, run {_code(run.setup.id)}"
    blocks = [
        f"# Evaluation of {_code(run.setup.collection)}",
        f"{counted(len(run.rows), 'case')}, {made}.",
        " ".join(TAKEN_UP.sub(r"\\\1", sentence) for sentence in verdict(found, comparison)),
        "## Scores",
        _scores(found),
        *(_against(comparison) if comparison else ()),
        *(_slices(found) if found.slices else ()),
        *(_times(found) if found.stages else ()),
        *(_worst(found) if found.worst else ()),
        "## Setup",
        _setup(run),
    ]
    return "\n\n".join(blocks) + "\n"


def _scores(found: Analysis) -> str:
    header = ["metric", "mean", "95% interval", "n", "not applicable", "errors"]
    whole = table(header, [[name, *_summary(summary)] for name, summary in found.applied.items()])
    return f"{whole}\n\nNot applicable to any case: {', '.join(found.idle)}." if found.idle else whole


def _summary(summary: Summary) -> list[str]:
    value = summary.interval
    known = [score(value.mean), limits(value), str(value.n)] if value else ["–", "–", "0"]
    return [*known, str(summary.skipped), str(summary.errors)]


def _against(comparison: Comparison) -> list[str]:
    header = ["metric", "cases", "baseline", "this run", "difference", "95% interval", "outcome"]
    rows = [
        [
            one.metric,
            "all" if one.slice is None else _cell("=".join(one.slice)),
            score(one.first),
            score(one.second),
            signed(one.difference.mean),
            f"[{signed(one.difference.low)}, {signed(one.difference.high)}]",
            OUTCOMES[one.outcome],
        ]
        for one in comparison.differences
        if one.slice is None or one.outcome != "same"
    ]
    altered = "; ".join(_plain(one) for one in comparison.altered) or "nothing"
    return [
        f"## Against {_plain(comparison.first)}",
        table(header, rows),
        f"Altered in the setup: {altered}.",
    ]


def _slices(found: Analysis) -> list[str]:
    header = ["slice", "cases", "answered", *found.main]
    rows = [
        [
            _cell(f"{one.name}={one.value}"),
            str(one.n),
            percent(one.answered / one.n),
            *(score(one.scores[name].mean) if name in one.scores else "–" for name in found.main),
        ]
        for one in found.slices
    ]
    return ["## Slices", table(header, rows)]


def _times(found: Analysis) -> list[str]:
    header = ["stage", "median", "95%", "longest", "share"]
    rows = [
        [stage.name, duration(stage.p50), duration(stage.p95), duration(stage.longest), percent(stage.share)]
        for stage in found.stages
    ]
    costs = [
        f"{name}: {sums.prompt_tokens:,} prompt and {sums.completion_tokens:,} completion tokens,"
        f" cost {sums.cost:.4f}"
        for name, sums in spent(found.run).items()
    ]
    return ["## Time and cost", table(header, rows), f"{'; '.join(costs) or 'No LLM was asked'}."]


def _worst(found: Analysis) -> list[str]:
    rows = [
        [
            str(place),
            _cell(one.row.question),
            _cell(one.row.response or reason(one.row.reason)),
            " ".join(one.why),
        ]
        for place, one in enumerate(found.worst, 1)
    ]
    lines = [
        "| | question | answer | why |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return ["## Worst cases", "\n".join(lines)]


def _setup(run: Run) -> str:
    setup = run.setup
    cases = f"{_cell(setup.cases_file or 'cases')} (SHA-256 {_code(setup.cases_sha256[:12])})"
    collection = f"Collection {_code(setup.collection)} at version {setup.collection_version}"
    models = ", ".join(f"{_cell(role)} {_code(name)}" for role, name in setup.models.items())
    machine = ", ".join(_cell(str(value)) for value in setup.machine.values())
    return _listed(
        [
            f"{collection}, {cases}, seed {setup.seed}",
            f"Models: {models}",
            f"Took {duration(1000 * run.seconds)} on {machine}",
        ]
    )


def _listed(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}." for item in items)


def _cell(text: str) -> str:
    """Text as one cell of a table: one line, cut, nothing in it that Markdown or HTML would take up."""
    flat = " ".join(text.split())
    return _plain(flat if len(flat) <= LONGEST else f"{flat[:LONGEST]}…")


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", text)


def _code(text: str) -> str:
    """Text as a code span; a backtick would end it."""
    flat = " ".join(text.split()).replace("`", "'")[:LONGEST]
    return f"`{flat or '–'}`"
