"""What the stages of an answer hand on to each other. Everything is immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.models.types import EncodedQuery
from rag.types import AnswerMode, CheckPolicy, Hit, Part, Query, Step, Usage, Verdict


class Shared:
    """Immutable, so a deep copy is the thing itself (Haystack copies every input of every component)."""

    __slots__ = ()

    def __deepcopy__(self, memo: object) -> Shared:
        return self


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk key with its present score and every stage's view of it, before the chunk itself is read."""

    key: int
    score: float
    parts: Mapping[str, Part]
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates(Shared):
    """What retrieval found for a query, best first."""

    query: Query
    encoded: EncodedQuery | None
    items: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Ask(Shared):
    """A question with everything decided about how to answer it."""

    question: str
    collection: str
    k: int
    mode: AnswerMode
    check: CheckPolicy


@dataclass(frozen=True, slots=True)
class Hits(Shared):
    """The passages to answer from, best first."""

    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A footnote of a claim: where in the claim's text its marker stands, and the span that it cites.

    `hit` counts in the passages of the answer; `start` and `end` are offsets in the document's text.
    """

    offset: int
    hit: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer in the making; `lead` is the white space (or list bullet) in front of it."""

    lead: str
    text: str
    anchors: tuple[Anchor, ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Draft(Shared):
    """An answer in the making. `reason` is set where there is none; `written` holds an LLM's raw text until it is cited."""

    claims: tuple[Claim, ...] = ()
    written: str | None = None
    reason: str | None = None
    route: tuple[Step, ...] = ()
    usage: Usage = field(default_factory=Usage)
    timings: Mapping[str, float] = field(default_factory=dict)
