"""Bare forward passes: what ONNX Runtime alone takes for exactly the tensors that a call fed to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

T = TypeVar("T")


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
