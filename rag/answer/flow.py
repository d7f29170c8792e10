"""What the stages of an answer hand on to each other. Everything is immutable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

from rag.answer.events import Event
from rag.answer.write import Prompt
from rag.models.types import EncodedQuery, ModelInfo
from rag.types import Hit, Part, Query, Share, Step, Usage, Verdict

Emit = Callable[[Event], None]
"""Told of each event as it happens."""


class Shared:
    """Immutable, so a deep copy is the thing itself (Haystack copies every input of every component)."""

    __slots__ = ()

    def __deepcopy__(self, memo: object) -> Shared:
        return self


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk key with its present score and every stage's view of it, before the chunk itself is read.

    The contributions of `shares` add up to the score.
    """

    key: int
    score: float
    parts: Mapping[str, Part]
    terms: tuple[str, ...] = ()
    shares: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidates(Shared):
    """What retrieval found for a query, best first; `encoder` made `encoded` (None: the one in use)."""

    query: Query
    encoded: EncodedQuery | None
    items: tuple[Candidate, ...]
    encoder: ModelInfo | None = None


@dataclass(frozen=True, slots=True)
class Hits(Shared):
    """The passages to answer from, best first."""

    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A footnote of a claim: where in the claim's text its marker stands, and the span that it cites.

    `hit` counts in the passages of the answer; `start` and `end` are offsets in the document's text. `quote`
    is that text where it lies outside of the hit's chunk, as the header of a long table may.
    """

    offset: int
    hit: int
    start: int
    end: int
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer in the making; `lead` is the white space in front of it.

    `quoted` says that its words are those of the spans it cites, and no writer's.
    """

    lead: str
    text: str
    anchors: tuple[Anchor, ...] = ()
    verdict: Verdict | None = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Draft(Shared):
    """An answer in the making; `reason` says why there is none.

    `fallback` is what the reader quoted without being sure enough to answer alone; `prompt` and `written` are
    what the LLM was asked and wrote, until the text is cited.
    """

    claims: tuple[Claim, ...] = ()
    fallback: tuple[Claim, ...] = ()
    prompt: Prompt | None = None
    written: str | None = None
    reason: str | None = None
    route: tuple[Step, ...] = ()
    usage: Usage = field(default_factory=Usage)
    timings: Mapping[str, float] = field(default_factory=dict)

    def timed(self, stage: str, started: float) -> Draft:
        """The draft with the milliseconds since `started` (time.perf_counter) added to a stage."""
        spent = self.timings.get(stage, 0.0) + (perf_counter() - started) * 1000
        return replace(self, timings={**self.timings, stage: spent})

    def stepped(self, step: Step) -> Draft:
        """The draft with one more decision in its route."""
        return replace(self, route=(*self.route, step))
