"""An answer in the making: its claims with their footnotes, how it came about. Everything is immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

from rag.answer.prompt import Prompt
from rag.types import Span, Step, Usage, Verdict


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

    `quoted` says that its words are those of the spans it cites, and no writer's; `parts` which of the
    questions in the question it answers, counted from 0.
    """

    lead: str
    text: str
    anchors: tuple[Anchor, ...] = ()
    verdict: Verdict | None = None
    quoted: bool = False
    parts: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PartFound:
    """One of the questions in a question, how sure its quotes answer it, and whether they are taken."""

    question: str
    confidence: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What each step of an answer hands to the next; `reason` says why there is none yet.

    `fallback` is what the reader quoted without being sure enough to answer alone, `confidence` how sure it
    was, `near` the parts that it would have quoted, sure or not: the hit and a span of its document; `parts`
    the questions in the question that it sought them for, one by one; `prompt` and `written` are what the LLM
    was asked and wrote, until the text is cited.
    """

    claims: tuple[Claim, ...] = ()
    fallback: tuple[Claim, ...] = ()
    confidence: float | None = None
    near: tuple[tuple[int, Span], ...] = ()
    parts: tuple[PartFound, ...] = ()
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
