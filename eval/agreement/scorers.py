"""The metrics that are compared with people, and the baselines that each has to beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.agreement.baselines import Sides, Vectors, overlap, similarity
from eval.judges.models import Models
from eval.judges.registry import JUDGES, load_judges
from eval.judges.sample import Judge, Sample
from eval.judges.statements import statements
from rag.errors import InvalidInput
from rag.types import Label

Kind = Literal["metric", "baseline", "given"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A score, and the verdict behind it for a metric that gives one."""

    value: float
    verdict: Label | None = None


@dataclass(frozen=True, slots=True)
class Scorer:
    """A metric or a baseline.

    `sides` are what it compares. `threshold` is its own: a row at or above it is said to be positive, and the
    score is read as a probability; None for a baseline, and for a metric that has none.
    """

    name: str
    kind: Kind
    sides: Sides
    threshold: float | None
    score: Callable[[Sample], Scored]


SIDES: Mapping[str, Sides] = {
    "support": "response_contexts",
    "faithfulness": "response_contexts",
    "citation_recall": "response_contexts",
    "citation_precision": "response_contexts",
    "answer_relevancy": "question_response",
    "context_relevance": "question_contexts",
    "bert_score": "response_reference",
}
"""What each metric compares."""
SEVERITY: tuple[Label, ...] = ("supported", "unsupported", "contradicted")
OWN_THRESHOLD = 0.5
NO_THRESHOLD = ("bert_score",)
"""Metrics whose score is neither a share nor a probability."""


def metric_names() -> tuple[str, ...]:
    """Every metric that can be asked for."""
    return ("support", *JUDGES)


def load_scorers(names: Sequence[str], models: Models) -> list[Scorer]:
    """The metrics of these names, then overlap and similarity for what they compare. Models load at the first
    use. Raises InvalidInput `unknown_metric`.
    """
    for name in names:
        if name not in metric_names():
            raise InvalidInput(
                f"There is no metric {name!r}; known are {', '.join(metric_names())}.", code="unknown_metric"
            )
    judges = load_judges([name for name in names if name != "support"], models)
    found = [_metric(name, judges, models) for name in dict.fromkeys(names)]
    vectors = Vectors(models)
    pairs = list(dict.fromkeys(scorer.sides for scorer in found))
    for sides in pairs:
        told = _told(sides) if len(pairs) > 1 else ""
        found += [overlap_baseline(sides, told), _similarity_baseline(sides, told, vectors)]
    return found


def overlap_baseline(sides: Sides, told: str = "") -> Scorer:
    """Words in common, which needs no model; `told` is added to the name."""
    return Scorer(f"overlap{told}", "baseline", sides, None, lambda sample: Scored(overlap(sample, sides)))


def support(models: Models) -> Callable[[Sample], Scored]:
    """The checker's probability that the contexts support the response: that of its least supported sentence.

    The verdict is the worst of its sentences'. Raises NotJudgeable `no_response`.
    """

    def score(sample: Sample) -> Scored:
        claims = [item.text for item in statements(sample.response)]
        evidence = [list(sample.contexts)] * len(claims)
        verdicts = models.checker.check(claims, evidence, sample.question or None)
        worst = max((verdict.label for verdict in verdicts), key=SEVERITY.index)
        return Scored(min(verdict.support for verdict in verdicts), worst)

    return score


def _metric(name: str, judges: Mapping[str, Judge], models: Models) -> Scorer:
    score = support(models) if name == "support" else _plain(judges[name])
    threshold = None if name in NO_THRESHOLD else OWN_THRESHOLD
    return Scorer(name, "metric", SIDES[name], threshold, score)


def _plain(judge: Judge) -> Callable[[Sample], Scored]:
    return lambda sample: Scored(judge(sample))


def _similarity_baseline(sides: Sides, told: str, vectors: Vectors) -> Scorer:
    def score(sample: Sample) -> Scored:
        return Scored(similarity(sample, sides, vectors))

    return Scorer(f"similarity{told}", "baseline", sides, None, score)


def _told(sides: Sides) -> str:
    return f" ({sides.replace('_', ', ')})"
