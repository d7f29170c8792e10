"""What the makers of questions hand to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from eval.cases import Case
from rag.types import Chunk, Document, Usage

Kind = Literal["single", "multi", "unanswerable"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TYPES: Mapping[Kind, str] = {"single": "single_hop", "multi": "multi_hop", "unanswerable": "unanswerable"}
"""The type that a case of each kind gets."""

Progress = Callable[[Kind, int, int], None]
"""Called with a kind, the cases made of it and how many are wanted; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Options:
    """How many cases, of which kinds, from which seed; `max_cost` bounds what an LLM may cost."""

    count: int = 100
    kinds: tuple[Kind, ...] = KINDS
    seed: int = 0
    llm: bool = False
    max_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk and the document it is of."""

    chunk: Chunk
    document: Document

    @property
    def text(self) -> str:
        """The chunk's text."""
        return self.chunk.text


@dataclass(frozen=True, slots=True)
class Draft:
    """A question before it is checked: `start` and `end` bound what it was made of in the passage's text.

    `frame` is the question with `{}` for its subject, where the rule knows one.
    """

    question: str
    reference: str
    rule: str
    passage: Passage
    start: int
    end: int
    subject: str = ""
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What was made. `dropped` counts the drafts that failed, by reason, `rules` the cases by what made them;
    `wanted` is how many cases each kind should have had.
    """

    cases: tuple[Case, ...]
    drafts: int
    dropped: Mapping[str, int]
    rules: Mapping[str, int]
    wanted: Mapping[Kind, int]
    usage: Usage = field(default_factory=Usage)
