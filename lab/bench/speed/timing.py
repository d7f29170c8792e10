"""Ours and the baseline in turns: the same work, the same order, the same process.

The baseline of a model is the forward passes that a call made, recorded and run again alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

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


def in_turns(
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
    label, baseline = base
    baseline(items[0])
    mine, theirs = [], []
    for repeat in range(plan.repeats):
        for is_ours in (True, False) if repeat % 2 == 0 else (False, True):
            if is_ours:
                mine.append([milliseconds(ours, item) for item in items])
            else:
                theirs.append([milliseconds(baseline, item) for item in items])
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
    medians, baseline = tuple(map(median, ours)), tuple(map(median, base))
    pooled = quantiles([value for block in ours for value in block])
    return Figure(part, name, "ms", "lower", medians, label, baseline, dict(at), pooled, dict(notes or {}))


@dataclass(frozen=True, slots=True)
class Pass:
    """One call of a session: tensors by name, and the session, opened with the product's own threads."""

    session: Any
    outputs: Sequence[str] | None
    feeds: Mapping[str, NDArray[np.int64]]

    @property
    def tokens(self) -> int:
        """Tokens that are no padding."""
        return int(self.feeds["attention_mask"].sum())

    @property
    def places(self) -> int:
        """Tokens with the padding."""
        return int(self.feeds["attention_mask"].size)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a call was given, and the passes that it made."""

    item: Any
    passes: tuple[Pass, ...]


@contextmanager
def recorded() -> Iterator[list[Pass]]:
    """Every forward pass of this process while the block runs, in whatever thread."""
    passes: list[Pass] = []
    run = onnxruntime.InferenceSession.run

    def noted(self: Any, outputs: Any, feeds: Any, *rest: Any) -> Any:
        passes.append(Pass(self, outputs, feeds))
        return run(self, outputs, feeds, *rest)

    onnxruntime.InferenceSession.run = noted
    try:
        yield passes
    finally:
        onnxruntime.InferenceSession.run = run


def with_passes(work: Callable[[T], object], items: Sequence[T]) -> list[Recorded]:
    """Each item with the passes that `work` makes of it."""
    found = []
    for item in items:
        with recorded() as passes:
            work(item)
        found.append(Recorded(item, tuple(passes)))
    return found


def replay(item: Recorded) -> None:
    """The passes again, one after the other, and nothing else."""
    for one in item.passes:
        one.session.run(one.outputs, one.feeds)


def mean_tokens(items: Sequence[Recorded]) -> dict[str, float]:
    """Tokens and passes of an item on average, and the share of padding."""
    passes = [one for item in items for one in item.passes]
    tokens, places = sum(one.tokens for one in passes), sum(one.places for one in passes)
    return {
        "tokens": tokens / len(items),
        "passes": len(passes) / len(items),
        "padding": 1 - tokens / places if places else 0.0,
    }
