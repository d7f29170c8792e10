"""The section of a report's page that compares the run with a baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from eval.report.axis import Axis
from eval.report.charts import interval
from eval.report.html import Part, brief, cut, join, named, tag
from eval.report.numbers import score, signed
from eval.report.page import details, grid, listed, paragraph, section, table
from eval.report.wording import OUTCOMES, counted
from eval.runs.compare import Change, Comparison, Difference

MOST = 12
"""Wins and losses that are listed, each."""
LEAST_REACH = 0.05


def against(found: Comparison) -> Markup:
    """What is altered in the setup, differences as a forest plot, those of the slices, wins and losses."""
    whole = [one for one in found.differences if one.slice is None]
    slices = [one for one in found.differences if one.slice is not None]
    told = [one for one in slices if one.outcome != "same"]
    hint = join(
        [
            "The baseline is ",
            tag("strong", brief(found.first)),
            ". Differences are this run less the baseline, over the same cases, with 95% intervals of the "
            "paired bootstrap. ",
            f"{counted(found.unmatched, 'case is', 'cases are')} in only one of the runs. "
            if found.unmatched
            else None,
        ]
    )
    return section(
        "baseline",
        "Against the baseline",
        _altered(found.altered),
        _forest("Difference of each metric over all cases", whole),
        _forest("Slices that differ", told) if told else None,
        details(f"All {counted(len(slices), 'slice')} compared", _forest("Every slice", slices))
        if slices
        else None,
        _changes(found.changes),
        hint=hint,
    )


def _altered(altered: Sequence[str]) -> Markup:
    head = tag("h3", "What is altered")
    if not altered:
        return join([head, paragraph("Nothing: both runs have the same setup.")])
    return join([head, listed([brief(one) for one in altered], "altered")])


def _forest(caption: str, rows: Sequence[Difference]) -> Markup:
    """A forest plot that is a table; its axis reaches as far to both sides."""
    ends = [abs(end) for one in rows for end in (one.difference.low, one.difference.high)]
    reach = Axis(low=0.0).fitted([max([LEAST_REACH, *ends])]).high or 1.0
    axis = Axis(low=-reach, high=reach)
    sliced = any(one.slice is not None for one in rows)
    ends_told = f"{signed(-reach)} to {signed(reach)}"
    header = ["Metric", ends_told, "Difference", "95% interval", "Baseline", "This run", "Outcome"]
    return table(
        caption, header, [_difference(one, axis, sliced) for one in rows], wide=1, words=(0, 6), stack=True
    )


def _difference(one: Difference, axis: Axis, sliced: bool) -> list[Part]:
    found = one.difference
    where = (
        tag("span", brief(f"{one.slice[0]}: {one.slice[1]}"), class_="note") if sliced and one.slice else None
    )
    return [
        join([named(one.metric), where]),
        interval(found.mean, found.low, found.high, axis, reference=0.0),
        signed(found.mean),
        f"[{signed(found.low)}, {signed(found.high)}]",
        score(one.first),
        score(one.second),
        tag("strong", OUTCOMES[one.outcome], class_=f"outcome {one.outcome}"),
    ]


def _changes(changes: Sequence[Change]) -> Markup | None:
    """The largest wins and losses, each question once a metric."""
    if not changes:
        return None
    wins = [one for one in changes if one.second > one.first]
    losses = [one for one in changes if one.second < one.first]
    counts = _counted(wins, losses)
    return join([tag("h3", "Wins and losses"), counts, grid(_list("Losses", losses), _list("Wins", wins))])


def _counted(wins: Sequence[Change], losses: Sequence[Change]) -> Markup:
    won, lost = Counter(one.metric for one in wins), Counter(one.metric for one in losses)
    rows: list[list[Part]] = [
        [named(name), f"{won[name]:,}", f"{lost[name]:,}"] for name in dict.fromkeys([*won, *lost])
    ]
    header = ["Metric", "Cases better", "Cases worse"]
    return details("Counted by metric", table("Wins and losses by metric", header, rows))


def _list(name: str, changes: Sequence[Change]) -> Markup | None:
    if not changes:
        return None
    caption = f"{name}: {counted(len(changes), 'score')}"
    if len(changes) > MOST:
        caption += f", the largest {MOST} shown"
    rows: list[list[Part]] = [
        [cut(one.question, 140), named(one.metric), f"{one.first:.2f} → {one.second:.2f}"]
        for one in changes[:MOST]
    ]
    return table(caption, ["Question", "Metric", "Score"], rows, words=(0, 1), stack=True)
