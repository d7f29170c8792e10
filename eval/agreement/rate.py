"""One metric against the labels of one set, alone and beside its baselines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.agreement import statistics as of
from eval.agreement.found import Bin, Lead, Rating
from eval.agreement.rows import Labelled
from eval.agreement.scorers import Column
from eval.agreement.statistics import Bools, Bootstrap, Doubles, Ints, Measure, cross_fitted

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
        _reliability(column, labels) if judged and not labels.graded else (),
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
    said = column.said
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
    said = column.said
    if labels.graded or said is None:
        return {}
    rows = [labels.rows[n] for n in column.at]
    named = [
        verdict or ("positive" if yes else "negative")
        for verdict, yes in zip(column.verdicts, said, strict=True)
    ]
    return Counter(sorted((row.kind, name) for row, name in zip(rows, named, strict=True)))


def _reliability(column: Column, labels: Labels) -> tuple[Bin, ...]:
    positive, values = labels.truth(column.at) > 0, column.values
    bins = of.equal_mass_bins(values, BINS)
    found = []
    for n in np.unique(bins):
        inside = bins == n
        found.append(Bin(float(values[inside].mean()), float(positive[inside].mean()), int(inside.sum())))
    return tuple(found)
