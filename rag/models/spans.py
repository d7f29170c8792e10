"""Decoding answer spans from start and end logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rag.models.types import Floats

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
