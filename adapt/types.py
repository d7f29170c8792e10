"""What the steps of an adaptation hand on to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.models.types import Floats

Kind = Literal["heading", "phrases", "cloze", "given"]
Split = Literal["train", "inner", "held"]
Stage = Literal["questions", "candidates", "labels", "weights", "adapter", "gate"]
STAGES: tuple[Stage, ...] = ("questions", "candidates", "labels", "weights", "adapter", "gate")
FULL_STAGES: tuple[str, ...] = (*STAGES, "encoder")

OnStage = Callable[[str, int, int], None]
"""Told of the stage, of how many of its steps are done, and of how many there are; may raise to stop."""


@dataclass(frozen=True, slots=True)
class UserQuestion:
    """A user's question with what answers it: a source, a quote from it, or both."""

    question: str
    source: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question with the passages that answer it: keys of the store and ids of chunks.

    `split`: what is learned comes from train, when to stop from inner, the gates from held. No document has
    questions in two splits.
    """

    text: str
    document: str
    keys: frozenset[int]
    chunks: frozenset[str]
    kind: Kind
    split: Split


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """A question's candidates by both searches: arrays of one length, and the query's dense vector.

    `lexical` and `late` are filled with the lowest known score where a candidate has none.
    """

    question: JudgedQuestion
    query: Floats
    keys: NDArray[np.int64]
    dense: Floats
    lexical: Floats
    late: Floats

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """Which candidates answer."""
        return np.isin(self.keys, list(self.question.keys))


@dataclass(frozen=True, slots=True)
class Budget:
    """Most questions of each split, most of them that the reader labels, and with how many candidates."""

    train: int = 500
    inner: int = 100
    held: int = 250
    labelled: int = 150
    candidates: int = 8
    read: int = 60


@dataclass(frozen=True, slots=True)
class Options:
    """How to adapt; with the same seed, collection and models the outcome is the same.

    `full` fine-tunes the encoder from `backbone` (None: the packaged one). `trust_synthetic` adopts what won
    on synthetic questions alone, which says little of real ones (docs/adaptation.md).
    """

    seed: int = 0
    full: bool = False
    trust_synthetic: bool = False
    backbone: Path | None = None
    budget: Budget = field(default_factory=Budget)
