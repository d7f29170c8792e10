"""Ours and the baseline in turns: the same work, the same order, the same process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import TypeVar

from lab.bench.speed.results import Figure, Plan, quantiles

T = TypeVar("T")


def milliseconds(work: Callable[[T], object], item: T) -> float:
    """Wall time of one call."""
    started = perf_counter()
    work(item)
    return 1000 * (perf_counter() - started)


def fitting(work: Callable[[T], object], items: Sequence[T], plan: Plan) -> Sequence[T]:
    """As many of the items as a block holds; the calls that find out warm up, too."""
    warm = median(milliseconds(work, item) for item in items[: plan.fewest])
    return items[: max(plan.fewest, int(1000 * plan.block_s / max(warm, 1e-3)))]


def compared(
    part: str,
    name: str,
    ours: Callable[[T], object],
    base: tuple[str, Callable[[T], object]],
    items: Sequence[T],
    plan: Plan,
    at: Mapping[str, int],
    notes: Mapping[str, float] | None = None,
) -> Figure:
    """Latency of `ours` beside that of `base` on the same items, in blocks that take turns at going first.

    Both are to be warm (`fitting`, `with_passes`). Blocks, not single calls, alternate, so that each finds
    its own data in the caches.
    """
    label, bare = base
    bare(items[0])
    mine, theirs = [], []
    for repeat in range(plan.repeats):
        for is_ours in (True, False) if repeat % 2 == 0 else (False, True):
            if is_ours:
                mine.append([milliseconds(ours, item) for item in items])
            else:
                theirs.append([milliseconds(bare, item) for item in items])
    return latency_figure(part, name, mine, label, theirs, at, notes)


def latency_figure(
    part: str,
    name: str,
    ours: Sequence[Sequence[float]],
    label: str,
    base: Sequence[Sequence[float]],
    at: Mapping[str, int],
    notes: Mapping[str, float] | None = None,
) -> Figure:
    """From milliseconds of single calls, repeat by repeat."""
    medians, bare = tuple(map(median, ours)), tuple(map(median, base))
    pooled = quantiles([value for block in ours for value in block])
    return Figure(part, name, "ms", "lower", medians, label, bare, dict(at), pooled, dict(notes or {}))
