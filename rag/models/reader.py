"""The reader: one pass over question and passage gives relevance, an answer span with exact offsets and how
much each token belongs to the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from tokenizers import Encoding

from rag.models.config import read_config
from rag.models.runtime import CLS, SEP, Network, Row, RuntimeOptions, revision
from rag.models.types import EvidenceToken, Floats, ModelInfo, Reading, ReadResult

MAX_QUESTION = 48
IRRELEVANT = -4.0
"""The relevance logit that a rival is taken to have at least: below it they are all alike."""


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens [first, last) of a passage (an index), with the network's view of them."""

    passage: int
    first: int
    last: int
    relevance: float
    start: Floats
    end: Floats
    null: float
    evidence: Floats | None = None


@dataclass(frozen=True, slots=True)
class SpanCandidate:
    """A span before it has a probability: characters of a passage, and the features of the calibration;
    `evidence` is the mean logit of its tokens, 0 from folders without such an output.
    """

    passage: int
    start: int
    end: int
    margin: float
    chance: float
    relevance: float
    evidence: float = 0.0


def cut_windows(length: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Token ranges of at most `size` that cover `length` tokens and share `overlap` with the one before."""
    if length <= size:
        return [(0, length)]
    starts = range(0, length - overlap, size - overlap)
    return [(start, min(start + size, length)) for start in starts]


class OnnxReader:
    """A reader in a weights folder (outputs `relevance` [B], `start` and `end` [B,T], and `evidence` [B,T],
    which folders of before lack).
    """

    def __init__(self, name: str, folder: Path, options: RuntimeOptions | None = None) -> None:
        config = read_config(folder)
        self._network = Network(folder, options or RuntimeOptions())
        self._window = config.get("window_tokens", int)
        self._overlap = config.get("window_overlap", int)
        self._longest = config.get("max_answer_tokens", int)
        self._answer_weights = np.array(config.floats("answer_weights"))
        quoting = "quote_weights" if "quote_weights" in config.values else "answer_weights"
        self._quote_weights = np.array(config.floats(quoting))
        self._presence_weights = np.array(config.floats("presence_weights"))
        fitted = "thresholds" in config.values  # folders of before have none: probabilities count as they are
        self._accuracies = config.floats("accuracies") if fitted else (0.5,)
        self._thresholds = config.floats("thresholds") if fitted else (0.5,)
        parameters, tokens = config.get("parameters", int), config.get("max_tokens", int)
        self._info = ModelInfo(name, revision(folder), "reader", parameters, tokens)

    @property
    def info(self) -> ModelInfo:
        """Name, revision and sizes."""
        return self._info

    def relevance(self, question: str, passages: Sequence[str]) -> Floats:
        """Relevance logits (len(passages),); a long passage has that of its best window."""
        windows = self._windows(question, self._network.tokenize(passages))
        return best_relevance(windows, len(passages))

    def read(self, question: str, passages: Sequence[str], *, top: int = 5) -> ReadResult:
        """The `top` most probable answers over all passages, offsets in the passage they come from."""
        encoded = self._network.tokenize_spans(passages)
        windows = self._windows(question, encoded)
        relevance = best_relevance(windows, len(passages))
        found = self._candidates(windows, encoded)
        readings = self._readings(found, passages)
        absent, evidence = self._absence(windows, found), evidence_tokens(windows, encoded)
        return ReadResult(tuple(readings[:top]), absent, tuple(relevance.tolist()), evidence)

    def threshold(self, accuracy: float) -> float:
        """From which probability on a share of `accuracy` of the quoted first answers held the answer, on
        questions that the network was not trained on; between the fitted accuracies, linearly.
        """
        return float(np.interp(accuracy, (0.0, *self._accuracies, 1.0), (0.0, *self._thresholds, 1.0)))

    def spans(self, question: str, passages: Sequence[str]) -> list[SpanCandidate]:
        """All candidate spans with the features that calibration is fitted on (see
        lab/recipes/reader/fit.py).
        """
        encoded = self._network.tokenize_spans(passages)
        return self._candidates(self._windows(question, encoded), encoded)

    def _windows(self, question: str, passages: Sequence[Encoding]) -> list[Window]:
        asked = self._network.tokenize([question])[0].ids[:MAX_QUESTION]
        lead = len(asked) + 2
        places = [
            (index, first, last)
            for index, passage in enumerate(passages)
            for first, last in cut_windows(len(passage.ids), self._window, self._overlap)
        ]
        rows = [_row(asked, passages[index].ids[first:last]) for index, first, last in places]
        return [
            _window(place, outputs, lead)
            for place, outputs in zip(places, self._network.run(rows), strict=True)
        ]

    def _candidates(self, windows: Sequence[Window], encoded: Sequence[Encoding]) -> list[SpanCandidate]:
        return distinct([span for window in windows for span in self._spans(window, encoded[window.passage])])

    def _spans(self, window: Window, passage: Encoding) -> list[SpanCandidate]:
        if window.first == window.last:
            return []
        edges = word_edges(passage.word_ids[window.first : window.last])
        spans = best_spans(window.start, window.end, window.null, edges, self._longest, 3)
        return [_candidate(span, window, passage) for span in spans]

    def _readings(self, found: Sequence[SpanCandidate], passages: Sequence[str]) -> list[Reading]:
        """Those first that are most probably the exact answer, with the probability of the sentence around;
        none has a higher one than those before it.
        """
        features = answer_features(found)
        chances = [logistic(self._answer_weights, row) for row in features]
        quoted = [logistic(self._quote_weights, row) for row in features]
        order = sorted(range(len(found)), key=lambda n: -chances[n])
        least = accumulate((quoted[n] for n in order), min)
        return [
            _reading(found[n], passages, probability) for n, probability in zip(order, least, strict=True)
        ]

    def _absence(self, windows: Sequence[Window], found: Sequence[SpanCandidate]) -> float:
        if not found:
            return 1.0
        return 1 - logistic(self._presence_weights, presence_features(found))


def answer_features(found: Sequence[SpanCandidate]) -> list[tuple[float, ...]]:
    """What tells whether a span answers, one row for each span of all passages.

    Its margin over the null answer, its log-probability in its window, its passage's relevance, its log-share
    of all passages' spans and "none" (Clark and Gardner 2018, https://arxiv.org/abs/1710.10723), its
    passage's lead in relevance over the best other one, and how much its tokens carry evidence.
    """
    if not found:
        return []
    total = log_total(np.array([0.0, *(item.margin for item in found)], np.float32))
    best: dict[int, float] = {}
    for item in found:
        best[item.passage] = max(best.get(item.passage, IRRELEVANT), item.relevance)
    return [
        (
            item.margin,
            item.chance,
            item.relevance,
            item.margin - total,
            item.relevance - _rival(best, item),
            item.evidence,
        )
        for item in found
    ]


def _rival(best: Mapping[int, float], item: SpanCandidate) -> float:
    return max((value for passage, value in best.items() if passage != item.passage), default=IRRELEVANT)


def presence_features(found: Sequence[SpanCandidate]) -> tuple[float, float]:
    """What tells whether any passage answers: the best margin over the null answer and the best relevance."""
    return max(item.margin for item in found), max(item.relevance for item in found)


def logistic(weights: np.ndarray[tuple[int], np.dtype[np.float64]], features: Sequence[float]) -> float:
    """Probability from weights whose last entry is the intercept (Platt 1999). Weights that were fitted on
    fewer features know the first of them.
    """
    used = features[: len(weights) - 1]
    return float(1 / (1 + np.exp(-(np.dot(weights[:-1], used) + weights[-1]))))


def best_relevance(windows: Sequence[Window], passages: int) -> Floats:
    """The relevance of each passage's best window."""
    scores = np.full(passages, -np.inf, np.float32)
    for window in windows:
        scores[window.passage] = max(scores[window.passage], window.relevance)
    return scores


def distinct(found: Sequence[SpanCandidate]) -> list[SpanCandidate]:
    """Without spans that overlap a better one of the same passage (windows overlap, so spans may repeat)."""
    kept: list[SpanCandidate] = []
    for item in sorted(found, key=lambda f: -f.margin):
        rivals = (other for other in kept if other.passage == item.passage)
        if all(item.start >= other.end or item.end <= other.start for other in rivals):
            kept.append(item)
    return kept


def evidence_tokens(
    windows: Sequence[Window], encoded: Sequence[Encoding]
) -> tuple[tuple[EvidenceToken, ...], ...]:
    """Each passage's tokens with their evidence logit, the highest where windows overlap."""
    logits = [np.full(len(passage.ids), -np.inf, np.float32) for passage in encoded]
    for window in windows:
        if window.evidence is None:
            return ()
        seen = logits[window.passage][window.first : window.last]
        np.maximum(seen, window.evidence, out=seen)
    return tuple(
        tuple(
            EvidenceToken(*place, float(logit)) for place, logit in zip(passage.offsets, values, strict=True)
        )
        for passage, values in zip(encoded, logits, strict=True)
    )


def _window(place: tuple[int, int, int], outputs: Sequence[Floats], lead: int) -> Window:
    relevance, start, end = outputs[:3]
    evidence = outputs[3][lead:-1] if len(outputs) > 3 else None
    null = float(start[0] + end[0])
    return Window(*place, float(relevance), start[lead:-1], end[lead:-1], null, evidence)


def _reading(item: SpanCandidate, passages: Sequence[str], probability: float) -> Reading:
    text = passages[item.passage][item.start : item.end]
    return Reading(item.passage, item.start, item.end, text, probability)


def _row(question: Sequence[int], passage: Sequence[int]) -> Row:
    ids = [CLS, *question, SEP, *passage, SEP]
    return Row(ids, [0] * (len(question) + 2) + [1] * len(passage) + [0])


def _candidate(span: TokenSpan, window: Window, passage: Encoding) -> SpanCandidate:
    start = passage.offsets[window.first + span.first][0]
    end = passage.offsets[window.first + span.last][1]
    logits = window.evidence
    evidence = 0.0 if logits is None else float(logits[span.first : span.last + 1].mean())
    return SpanCandidate(window.passage, start, end, span.margin, span.chance, window.relevance, evidence)


BLOCKED = np.float32(-1e4)


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """Tokens [first, last] of a passage: `margin` is the span's logit over the null answer's, `chance` its
    log-probability.
    """

    first: int
    last: int
    margin: float
    chance: float


def word_edges(words: Sequence[int | None]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each token whether it opens a word, and whether it closes one: an answer never cuts a word in
    two.
    """
    ids = np.array([-1 if word is None else word for word in words])
    change = np.concatenate([[True], ids[1:] != ids[:-1], [True]])
    return change[:-1], change[1:]


def span_scores(start: Floats, end: Floats, longest: int) -> Floats:
    """[T, longest] logits: row i, column n is the span of n + 1 tokens that begins at token i."""
    padded = np.concatenate([end, np.full(longest - 1, 2 * BLOCKED, np.float32)])
    return np.asarray(start[:, None] + sliding_window_view(padded, longest), np.float32)


def log_total(values: Floats) -> float:
    """log(sum(exp(values))), without overflow."""
    top = float(values.max())
    return top + float(np.log(np.exp(values - top).sum()))


def best_spans(
    start: Floats,
    end: Floats,
    null: float,
    edges: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    longest: int,
    count: int,
) -> list[TokenSpan]:
    """The `count` best spans that do not overlap, best first, from the passage tokens' logits and the null
    logit.
    """
    opens, closes = edges
    start, end = np.where(opens, start, BLOCKED), np.where(closes, end, BLOCKED)
    scores = span_scores(start.astype(np.float32), end.astype(np.float32), longest)
    total = log_total(np.append(scores.ravel(), np.float32(null)))
    found: list[TokenSpan] = []
    for place in np.argsort(-scores, axis=None)[: count * 50]:
        first, length = divmod(int(place), longest)
        score = float(scores[first, length])
        if score < BLOCKED / 2 or len(found) == count:
            break
        if all(first > other.last or first + length < other.first for other in found):
            found.append(TokenSpan(first, first + length, score - null, score - total))
    return found
