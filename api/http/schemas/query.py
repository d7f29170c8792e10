"""Questions and their checked answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic.config import JsonDict

from api.http.schemas.base import CollectionName, Count, FilterJson, In, Out, Question, example
from api.http.schemas.search import HIT, CorrectedOut, HitOut
from rag.settings import LONGEST_TURN, MOST_TURNS
from rag.types import (
    Answer,
    AnswerMode,
    AnswerPart,
    CheckPolicy,
    Citation,
    Closest,
    Label,
    Role,
    Sentence,
    Step,
    Turn,
    Usage,
    Verdict,
)

_SENTENCE: JsonDict = {
    "text": "The pump is rated for 16 bar [1].",
    "start": 0,
    "end": 33,
    "citations": [1],
    "verdict": {
        "label": "supported",
        "probability": 0.97,
        "support": 0.97,
        "evidence": [],
        "unsupported_spans": [],
    },
}
_CITATION: JsonDict = {
    "marker": 1,
    "document_id": "5f2b8c1d9e0a4b3c7d6e5f4a",
    "chunk_id": "0a1b2c3d4e5f60718293a4b5",
    "source": "manuals/pump.pdf",
    "title": "Pump manual",
    "page": 12,
    "headings": ["Operation", "Pressure"],
    "start": 18202,
    "end": 18240,
    "quote": "rated for a working pressure of 16 bar",
}
ANSWER: JsonDict = {
    "answer": "The pump is rated for 16 bar [1].",
    "abstained": False,
    "reason": None,
    "confidence": 0.91,
    "rewritten": None,
    "closest": [],
    "corrected": None,
    "parts": [],
    "sentences": [_SENTENCE],
    "citations": [_CITATION],
    "hits": [HIT],
    "route": [
        {"step": "reader", "model": "footnote-reader", "confidence": 0.91, "taken": True, "reason": None}
    ],
    "usage": {"prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0},
    "timings_ms": {"retrieve": 6.0, "rerank": 12.0, "read": 40.0, "check": 12.0, "total": 70.0},
    "request_id": "0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
}


class TurnIn(In):
    """What was said earlier in the conversation."""

    role: Role
    content: Annotated[str, StringConstraints(max_length=LONGEST_TURN)]


class QueryIn(In):
    """A question to a collection. `check` defaults to the policy of the server; `history` has earlier turns,
    oldest first, which say what a follow-up question leaves out.
    """

    model_config = example(
        {
            "collection": "manuals",
            "question": "What pressure is the pump rated for?",
            "k": 5,
            "mode": "auto",
            "check": "flag",
            "filters": {},
            "history": [],
            "stream": False,
        }
    )
    collection: CollectionName
    question: Question
    k: Count = 5
    mode: AnswerMode = "auto"
    check: CheckPolicy | None = None
    filters: FilterJson = None
    history: Annotated[tuple[TurnIn, ...], Field(max_length=MOST_TURNS)] = ()
    stream: bool = False

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The earlier turns as the service takes them."""
        return tuple(Turn(turn.role, turn.content) for turn in self.history)


class SpanOut(Out):
    """A half-open span of characters."""

    start: int
    end: int


class EvidenceOut(Out):
    """A span of the passage that a verdict rests on."""

    context: int
    start: int
    end: int


class VerdictOut(Out):
    """What the checker says: `probability` is the label's, `support` that of being supported.

    `quoted` is said of words that are the passage's own, which nobody judged.
    """

    label: Label
    probability: float
    support: float
    evidence: list[EvidenceOut]
    unsupported_spans: list[SpanOut]

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictOut:
        """From the checker's verdict."""
        return cls(
            label=verdict.label,
            probability=verdict.probability,
            support=verdict.support,
            evidence=[EvidenceOut(context=e.context, start=e.start, end=e.end) for e in verdict.evidence],
            unsupported_spans=[SpanOut(start=s.start, end=s.end) for s in verdict.unsupported_spans],
        )


class SentenceOut(Out):
    """A sentence of the answer with the markers it cites; `verdict` is null where nothing was checked."""

    text: str
    start: int
    end: int
    citations: list[int]
    verdict: VerdictOut | None

    @classmethod
    def of(cls, sentence: Sentence) -> SentenceOut:
        """From the answer's sentence."""
        return cls(
            text=sentence.text,
            start=sentence.start,
            end=sentence.end,
            citations=list(sentence.citations),
            verdict=VerdictOut.of(sentence.verdict) if sentence.verdict else None,
        )


class CitationOut(Out):
    """A footnote: `quote` is the document's own text from `start` to `end`."""

    marker: int
    document_id: str
    chunk_id: str
    source: str
    title: str
    page: int | None
    headings: list[str]
    start: int
    end: int
    quote: str

    @classmethod
    def of(cls, citation: Citation) -> CitationOut:
        """From the answer's citation."""
        return cls(
            marker=citation.marker,
            document_id=citation.document_id,
            chunk_id=citation.chunk_id,
            source=citation.source,
            title=citation.title,
            page=citation.page,
            headings=list(citation.headings),
            start=citation.start,
            end=citation.end,
            quote=citation.quote,
        )


class StepOut(Out):
    """One decision of the route; `reason` says why an answer was not taken."""

    step: str
    model: str
    confidence: float | None
    taken: bool
    reason: str | None

    @classmethod
    def of(cls, step: Step) -> StepOut:
        """From the answer's step."""
        return cls(
            step=step.step, model=step.model, confidence=step.confidence, taken=step.taken, reason=step.reason
        )


class UsageOut(Out):
    """What an LLM was paid, if one was asked."""

    prompt_tokens: int
    completion_tokens: int
    cost: float

    @classmethod
    def of(cls, usage: Usage) -> UsageOut:
        """From the answer's usage."""
        return cls(
            prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens, cost=usage.cost
        )


class ClosestOut(Out):
    """A passage that comes near to an answer; `spans` are its best parts, offsets in the document's text."""

    hit: HitOut
    spans: list[SpanOut]

    @classmethod
    def of(cls, found: Closest) -> ClosestOut:
        """From the answer's passage."""
        spans = [SpanOut(start=span.start, end=span.end) for span in found.spans]
        return cls(hit=HitOut.of(found.hit), spans=spans)


class AnswerPartOut(Out):
    """One of the questions in a question; `sentences` are places in the answer's `sentences`, from 0."""

    question: str
    answered: bool
    confidence: float
    sentences: list[int]

    @classmethod
    def of(cls, part: AnswerPart) -> AnswerPartOut:
        """From the answer's part."""
        return cls(
            question=part.question,
            answered=part.answered,
            confidence=part.confidence,
            sentences=list(part.sentences),
        )


class QueryOut(Out):
    """An answer with a footnote behind every sentence, or the reason why there is none.

    `confidence` is how probable it is that the quotes answer the question (null where none were sought);
    `closest` has up to three passages to look at where the service abstained. `rewritten` is the question as
    it was searched and read where `history` said what it leaves out, else null; `corrected` says how a
    question with typos was read, `parts` how each question in a question was answered ([] for a single one).
    """

    model_config = example(ANSWER)
    answer: str
    abstained: bool
    reason: str | None
    confidence: float | None
    rewritten: str | None
    closest: list[ClosestOut]
    corrected: CorrectedOut | None
    parts: list[AnswerPartOut]
    sentences: list[SentenceOut]
    citations: list[CitationOut]
    hits: list[HitOut]
    route: list[StepOut]
    usage: UsageOut
    timings_ms: dict[str, float]
    request_id: str

    @classmethod
    def of(cls, answer: Answer, request_id: str) -> QueryOut:
        """From the answer's answer."""
        return cls(
            answer=answer.text,
            abstained=answer.abstained,
            reason=answer.reason,
            confidence=answer.confidence,
            rewritten=answer.rewritten,
            closest=[ClosestOut.of(found) for found in answer.closest],
            corrected=CorrectedOut.of(answer.corrected),
            parts=[AnswerPartOut.of(part) for part in answer.parts],
            sentences=[SentenceOut.of(sentence) for sentence in answer.sentences],
            citations=[CitationOut.of(citation) for citation in answer.citations],
            hits=[HitOut.of(hit) for hit in answer.hits],
            route=[StepOut.of(step) for step in answer.route],
            usage=UsageOut.of(answer.usage),
            timings_ms=dict(answer.timings),
            request_id=request_id,
        )


class HitsEventOut(Out):
    """The data of the event `hits`."""

    hits: list[HitOut]


class TokenEventOut(Out):
    """The data of the event `token`: text as it is written, provisional until its sentence comes."""

    text: str
