"""The metrics that are compared with people, and the baselines that each has to beat."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.agreement.measures import Bools, Doubles, Ints
from eval.agreement.rows import Labelled
from eval.metrics.grounding import statements
from eval.metrics.judge import Judge, NotJudgeable, Sample
from eval.metrics.registry import JUDGES, load_judges
from rag.answer.overlap import content_words, coverage
from rag.errors import InvalidInput
from rag.models.loaded import Models
from rag.models.types import Floats
from rag.text.sentences import split_sentences
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
        told = _describe(sides) if len(pairs) > 1 else ""
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


def _describe(sides: Sides) -> str:
    return f" ({sides.replace('_', ', ')})"


Sides = Literal["response_contexts", "question_contexts", "question_response", "response_reference"]
"""Two texts of a sample that are compared: the first is looked for in the second."""

_KEPT = 20_000  # sentence vectors that are remembered, some 30 MB


class Vectors:
    """Sentence vectors by the encoder, remembered for as long as the same evidence comes again."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._known: OrderedDict[str, Floats] = OrderedDict()

    def of(self, texts: Sequence[str]) -> list[Floats]:
        """The unit vector (dimension,) of each text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, item in zip(new, self._models.encoder.encode_passages(new) if new else [], strict=True):
            self._known[text] = item.dense
        found = [self._known[text] for text in texts]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found


def overlap(sample: Sample, sides: Sides) -> float:
    """Share of the first text's content words that the second holds; for a response and its reference, which
    are alike, the words in both over the words in either (Jaccard). Raises NotJudgeable.
    """
    first, texts = _texts(sample, sides)
    ours, theirs = content_words(first), content_words(" ".join(texts))
    if sides != "response_reference":
        return coverage(ours, theirs)
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0


def similarity(sample: Sample, sides: Sides, vectors: Vectors) -> float:
    """The cosine of the first text and the nearest sentence of the second; a reference is taken as a whole.
    Raises NotJudgeable.
    """
    first, texts = _texts(sample, sides)
    whole = sides == "response_reference"
    sentences = texts if whole else [text[s.start : s.end] for text in texts for s in split_sentences(text)]
    ours, *theirs = vectors.of([first, *sentences])
    return max(float(ours @ other) for other in theirs)


def _texts(sample: Sample, sides: Sides) -> tuple[str, list[str]]:
    first = sample.question if sides.startswith("question") else sample.response
    others = {"contexts": sample.contexts, "response": (sample.response,), "reference": (sample.reference,)}
    second = [text for text in others[sides.rpartition("_")[2]] if text and text.strip()]
    if not first.strip() or not second:
        raise NotJudgeable(f"There is nothing to compare: {sides.replace('_', ' and ')}.")
    return first, second


Progress = Callable[[int, int], None]
"""Called with the rows done and their total."""


@dataclass(frozen=True, slots=True)
class Column:
    """The scores of one metric: `values[i]` and `verdicts[i]` are those of row `at[i]`; rows that it could
    not judge are counted in `skipped` by reason.
    """

    scorer: Scorer
    at: Ints
    values: Doubles
    verdicts: tuple[Label | None, ...]
    skipped: Mapping[str, int]

    @property
    def predictions(self) -> Bools | None:
        """Whether each row is positive by the metric's own verdict or threshold; None without either."""
        if self.scorer.threshold is None:
            return None
        by_score = self.values >= self.scorer.threshold
        pairs = zip(self.verdicts, by_score, strict=True)
        return np.array([v == "supported" if v else bool(above) for v, above in pairs])

    def within(self, rows: Ints) -> Column:
        """This column over those of its rows that are among `rows`."""
        kept = np.flatnonzero(np.isin(self.at, rows))
        verdicts = tuple(self.verdicts[n] for n in kept)
        return Column(self.scorer, self.at[kept], self.values[kept], verdicts, self.skipped)


def score_rows(
    rows: Sequence[Labelled], scorers: Sequence[Scorer], progress: Progress | None = None
) -> list[Column]:
    """One column for each scorer."""
    found: list[list[Scored | str]] = [[] for _ in scorers]
    for done, row in enumerate(rows, 1):
        for scorer, column in zip(scorers, found, strict=True):
            column.append(_scored(scorer, row))
        if progress:
            progress(done, len(rows))
    return [_column(scorer, column) for scorer, column in zip(scorers, found, strict=True)]


def given_column(rows: Sequence[Labelled], name: str) -> Column:
    """The scores that came with the rows."""

    def unused(_: object) -> Scored:
        raise LookupError(name)

    scorer = Scorer(name, "given", "response_contexts", OWN_THRESHOLD, unused)
    return _column(scorer, [Scored(row.scores[name]) if name in row.scores else "no_score" for row in rows])


def _scored(scorer: Scorer, row: Labelled) -> Scored | str:
    try:
        return scorer.score(row.sample)
    except NotJudgeable as error:
        return error.code


def _column(scorer: Scorer, found: Sequence[Scored | str]) -> Column:
    judged = [(n, item) for n, item in enumerate(found) if isinstance(item, Scored)]
    return Column(
        scorer,
        np.array([n for n, _ in judged], np.int64),
        np.array([item.value for _, item in judged], np.float64),
        tuple(item.verdict for _, item in judged),
        Counter(item for item in found if isinstance(item, str)),
    )
