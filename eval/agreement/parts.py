"""Where a metric fails: slices, and the rows on which it is surest and wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval.agreement.found import Mistake, Part
from eval.agreement.rate import Labels, leads, ranking
from eval.agreement.rows import Labelled
from eval.agreement.scorers import Column
from eval.agreement.slices import Slice, slices_of
from eval.agreement.statistics import Doubles, Ints
from rag.answer.overlap import content_words, coverage, support_span

FEWEST_ROWS = 40


FEWEST_OF_A_CLASS = 15
"""Smaller slices are left out: their intervals say nothing."""


_SHOWN = 400  # characters of evidence


def parts(column: Column, baselines: Sequence[Column], labels: Labels) -> list[Part]:
    """The metric in every slice that is large enough and is not the whole set."""
    found = []
    for name, places in _places(labels).items():
        here = column.within(places)
        truth = labels.truth(here.at)
        if len(here.at) < len(column.at) and _enough(truth, labels.graded):
            found.append(_part(name, here, [baseline.within(places) for baseline in baselines], labels))
    return found


def mistakes(column: Column, labels: Labels, most: int) -> list[Mistake]:
    """The rows that lie farthest from their labels, as many scored too high as too low, farthest first; for
    grades, by rank.
    """
    truth = labels.truth(column.at)
    off = _rank(column.values) - _rank(truth) if labels.graded else column.values - truth
    order = np.argsort(-np.abs(off), kind="stable")
    high = [int(n) for n in order if off[n] > 0][: (most + 1) // 2]
    low = [int(n) for n in order if off[n] < 0][: most // 2]
    both = sorted([*high, *low], key=lambda n: -abs(off[n]))
    return [_mistake(column, n, labels.rows[column.at[n]]) for n in both]


def _places(labels: Labels) -> dict[Slice, Ints]:
    found: dict[Slice, list[int]] = {}
    for n, row in enumerate(labels.rows):
        for name in slices_of(row):
            found.setdefault(name, []).append(n)
    return {name: np.array(at, np.int64) for name, at in [*sorted(found.items()), *_negatives(labels)]}


def _negatives(labels: Labels) -> list[tuple[Slice, list[int]]]:
    """Each kind of negative row against all positive ones."""
    kinds = sorted({row.kind for row in labels.rows if row.truth <= 0})
    if labels.graded or len(kinds) < 2:
        return []
    return [
        (("negatives", kind), [n for n, row in enumerate(labels.rows) if row.truth > 0 or row.kind == kind])
        for kind in kinds
    ]


def _enough(truth: Doubles, graded: bool) -> bool:
    if graded:
        return len(truth) >= FEWEST_ROWS and len(np.unique(truth)) > 1
    rarer = min((truth > 0).sum(), (truth <= 0).sum())
    return bool(len(truth) >= FEWEST_ROWS and rarer >= FEWEST_OF_A_CLASS)


def _part(name: Slice, column: Column, baselines: Sequence[Column], labels: Labels) -> Part:
    truth, said = labels.truth(column.at), column.said
    decided = said is not None and not labels.graded
    return Part(
        column.scorer.name,
        name,
        len(truth),
        int((truth > 0).sum()),
        labels.bootstrap(column.at).intervals({labels.measure: ranking(column, labels)})[labels.measure],
        float(said[truth <= 0].mean()) if said is not None and decided else None,
        float((~said)[truth > 0].mean()) if said is not None and decided else None,
        tuple(lead for lead in leads(column, baselines, labels) if lead.measure == labels.measure),
    )


def _rank(values: Doubles) -> Doubles:
    ordered = np.sort(values)
    low, high = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return np.asarray((low + high) / 2 / len(values))


def _mistake(column: Column, n: int, row: Labelled) -> Mistake:
    sample = row.sample
    asked = sample.response or sample.question
    return Mistake(
        column.scorer.name,
        row.line,
        row.kind,
        float(column.values[n]),
        sample.question,
        sample.response,
        _nearest(asked, sample.contexts or ((sample.reference,) if sample.reference else ())),
    )


def _nearest(claim: str, contexts: Sequence[str]) -> str:
    """The sentences of the evidence that share most words with the claim."""
    if not contexts:
        return ""
    words = content_words(claim)
    best = max(contexts, key=lambda text: coverage(words, content_words(text)))
    span = support_span(claim, best)
    text = " ".join(best[span.start : span.end].split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
