"""The order that every index promises: best first, equal scores by key, and so an exact cut at k."""

from __future__ import annotations

from collections.abc import Callable

from rag.index.types import Scored

SLACK = 8


def exact_top(fetch: Callable[[int], list[Scored]], k: int, size: int) -> list[Scored]:
    """The first k of at most `size` chunks, whatever order the backend gives to equal scores.

    `fetch(n)` returns the backend's first n (fewer when there are no more) in no particular order among
    equals. It is asked for more until the k-th score is clearly above the last one, so that no tie is cut at
    random.
    """
    if k <= 0 or size <= 0:
        return []
    wanted = min(k + SLACK, size)
    while True:
        found = sorted(fetch(wanted), key=lambda scored: (-scored.score, scored.key))
        if len(found) < wanted or wanted >= size or found[k - 1].score > found[-1].score:
            return found[:k]
        wanted = min(wanted * 4, size)
