"""One metric against the labels of one set: as a whole, beside its baselines, by slice, and its mistakes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.agreement import measures as of
from eval.agreement.measures import Bools, Bootstrap, Doubles, Ints, Measure, cross_fitted
from eval.agreement.results import Bin, Lead, Mistake, Rating, Slice, SliceResult
from eval.agreement.rows import Labelled
from eval.agreement.scorers import Column
from rag.answer.overlap import content_words, coverage, support_span

BINS = 10


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of all rows of a set, and how resamples of them are drawn."""

    rows: Sequence[Labelled]
    graded: bool
    seed: int
    resamples: int

    @property
    def measure(self) -> str:
        """What metrics are compared by."""
        return "spearman" if self.graded else "auc"

    def truth(self, at: Ints) -> Doubles:
        """The labels of these rows as numbers."""
        return np.array([self.rows[n].truth for n in at], np.float64)

    def groups(self, at: Ints) -> list[str]:
        """The groups of these rows."""
        return [self.rows[n].group for n in at]

    def bootstrap(self, at: Ints) -> Bootstrap:
        """Resamples of these rows."""
        return Bootstrap(self.groups(at), seed=self.seed, resamples=self.resamples)


def rate(column: Column, labels: Labels) -> Rating:
    """Every measure that applies to this metric and these labels."""
    measures = _graded(column, labels) if labels.graded else _binary(column, labels)
    measures |= _by_verdict(column, labels)
    judged = len(column.at) > 0
    return Rating(
        column.scorer.name,
        column.scorer.kind,
        len(column.at),
        dict(column.skipped),
        labels.bootstrap(column.at).intervals(measures) if judged else {},
        _confusion(column, labels),
        _reliability_bins(column, labels) if judged and not labels.graded else (),
    )


def leads(column: Column, baselines: Sequence[Column], labels: Labels) -> list[Lead]:
    """The metric less each baseline that compares the same two texts, by ranking and by decisions."""
    found = []
    for baseline in baselines:
        if baseline.scorer.sides == column.scorer.sides:
            found += _leads_over(column, baseline, labels)
    return found


def ranking(column: Column, labels: Labels) -> Measure:
    """How well the metric orders the rows: AUC, or Spearman's correlation with grades."""
    truth, values = labels.truth(column.at), column.values
    if labels.graded:
        return lambda weights: of.spearman(values, truth, weights)
    return lambda weights: of.auc(values, truth > 0, weights)


def _leads_over(column: Column, baseline: Column, labels: Labels) -> list[Lead]:
    common = np.intersect1d(column.at, baseline.at)
    mine, other = column.within(common), baseline.within(common)
    if not len(common):
        return []
    pairs = {labels.measure: (ranking(mine, labels), ranking(other, labels))}
    if not labels.graded and len(set(labels.groups(common))) > 1:
        pairs["balanced_accuracy_fitted"] = (_fitted(mine, labels), _fitted(other, labels))
    found = labels.bootstrap(common).intervals({name: _less(*pair) for name, pair in pairs.items()})
    names = column.scorer.name, baseline.scorer.name
    return [Lead(*names, measure, difference) for measure, difference in found.items()]


def _less(first: Measure, second: Measure) -> Measure:
    return lambda weights: first(weights) - second(weights)


def _graded(column: Column, labels: Labels) -> dict[str, Measure]:
    truth, values = labels.truth(column.at), column.values
    return {
        "pearson": lambda weights: of.pearson(values, truth, weights),
        "spearman": lambda weights: of.spearman(values, truth, weights),
        "kendall": lambda weights: of.kendall(values, truth, weights),
    }


def _binary(column: Column, labels: Labels) -> dict[str, Measure]:
    positive, values = labels.truth(column.at) > 0, column.values
    measures: dict[str, Measure] = {
        "auc": ranking(column, labels),
        "pearson": lambda weights: of.pearson(values, positive.astype(float), weights),
        "spearman": lambda weights: of.spearman(values, positive.astype(float), weights),
    }
    said = column.predictions
    if said is not None:
        measures["balanced_accuracy"] = _decided(said, positive)
    if len(set(labels.groups(column.at))) > 1:
        measures["balanced_accuracy_fitted"] = _fitted(column, labels)
    if said is not None and _is_chance(values):
        bins = of.equal_mass_bins(values, BINS)
        measures["ece"] = lambda weights: of.calibration_error(values, positive, bins, weights)
        measures["brier"] = lambda weights: of.brier(values, positive, weights)
    return measures


def _decided(said: Bools, positive: Bools) -> Measure:
    return lambda weights: of.balanced_accuracy(said, positive, weights)


def _fitted(column: Column, labels: Labels) -> Measure:
    positive = labels.truth(column.at) > 0
    return _decided(
        cross_fitted(column.values, positive, labels.groups(column.at), seed=labels.seed), positive
    )


def _is_chance(values: Doubles) -> bool:
    return bool(len(values)) and bool(values.min() >= 0) and bool(values.max() <= 1)


def _by_verdict(column: Column, labels: Labels) -> dict[str, Measure]:
    """Over the checker's labels, where metric and people both tell them apart."""
    kept = [n for n, place in enumerate(column.at) if column.verdicts[n] and labels.rows[place].verdict]
    kinds = sorted({str(labels.rows[column.at[n]].verdict) for n in kept})
    if len(kept) < len(column.at) or len(kinds) < 3:
        return {}
    code = {kind: n for n, kind in enumerate(kinds)}
    truth = np.array([code[str(labels.rows[place].verdict)] for place in column.at])
    said = np.array([code[str(verdict)] for verdict in column.verdicts])
    return {
        "macro_f1_verdicts": lambda weights: of.macro_f1(said, truth, weights),
        "balanced_accuracy_verdicts": lambda weights: of.balanced_accuracy(said, truth, weights),
    }


def _confusion(column: Column, labels: Labels) -> Mapping[tuple[str, str], int]:
    said = column.predictions
    if labels.graded or said is None:
        return {}
    rows = [labels.rows[n] for n in column.at]
    named = [
        verdict or ("positive" if yes else "negative")
        for verdict, yes in zip(column.verdicts, said, strict=True)
    ]
    return Counter(sorted((row.kind, name) for row, name in zip(rows, named, strict=True)))


def _reliability_bins(column: Column, labels: Labels) -> tuple[Bin, ...]:
    positive, values = labels.truth(column.at) > 0, column.values
    bins = of.equal_mass_bins(values, BINS)
    found = []
    for n in np.unique(bins):
        inside = bins == n
        found.append(Bin(float(values[inside].mean()), float(positive[inside].mean()), int(inside.sum())))
    return tuple(found)


_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|billion)\b"
)


_NEGATION = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b")


_COMPARED = re.compile(
    r"\b(?:more|less|most|least|than|fewer|only|all|every|always|first|last|before|after|because|due)\b"
)


_FIRST_PERSON = re.compile(r"\b(?:i|my|me|we|our)\b")


_KINDS = {
    "a number": _NUMBER,
    "a negation": _NEGATION,
    "a comparison or order": _COMPARED,
    "a first person": _FIRST_PERSON,
}


def slices_of(row: Labelled) -> list[Slice]:
    """The slices that a row is in: source, lengths in words, what its claim is made of, words in common with
    the evidence, and the fields that were asked for.
    """
    sample = row.sample
    claim, evidence = sample.response or sample.question, " ".join(sample.contexts)
    found = [("source", row.source), ("claim length", _length(claim, (8, 16)))]
    found.append(("claim is in", "lower case" if claim == claim.lower() else "mixed case"))
    found += [("claim has", name) for name in _made_of(claim.lower())]
    if evidence:
        found.append(("evidence length", _length(evidence, (50, 250))))
        found.append(("words in evidence", _band(coverage(content_words(claim), content_words(evidence)))))
    return [*found, *row.fields.items()]


def _length(text: str, bounds: tuple[int, int]) -> str:
    words, (low, high) = len(text.split()), bounds
    if words <= low:
        return f"up to {low} words"
    return f"{low + 1} to {high} words" if words <= high else f"over {high} words"


def _made_of(claim: str) -> list[str]:
    found = [name for name, pattern in _KINDS.items() if pattern.search(claim)]
    return found or ["none of these"]


def _band(covered: float) -> str:
    if covered < 0.5:
        return "under half"
    return "half to nine tenths" if covered < 0.9 else "nine tenths or more"


FEWEST_ROWS = 40


FEWEST_OF_A_CLASS = 15
"""Smaller slices are left out: their intervals say nothing."""


_SHOWN = 400  # characters of evidence


def slice_results(column: Column, baselines: Sequence[Column], labels: Labels) -> list[SliceResult]:
    """The metric in every slice that is large enough and is not the whole set."""
    found = []
    for name, places in _slice_rows(labels).items():
        here = column.within(places)
        truth = labels.truth(here.at)
        if len(here.at) < len(column.at) and _enough(truth, labels.graded):
            found.append(
                _slice_result(name, here, [baseline.within(places) for baseline in baselines], labels)
            )
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


def _slice_rows(labels: Labels) -> dict[Slice, Ints]:
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


def _slice_result(name: Slice, column: Column, baselines: Sequence[Column], labels: Labels) -> SliceResult:
    truth, said = labels.truth(column.at), column.predictions
    decided = said is not None and not labels.graded
    return SliceResult(
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
