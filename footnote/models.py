"""What Footnote answers, as pydantic models of the HTTP contract; a field that a newer service adds is kept.

Offsets count Unicode code points in a document's extracted text, scores are higher where better, times are
milliseconds and times of day UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["hybrid", "dense", "lexical"]
AnswerMode = Literal["auto", "extractive", "generative"]
CheckPolicy = Literal["off", "flag", "retry", "drop", "refuse"]
Role = Literal["user", "assistant"]
DocumentStatus = Literal["ready", "failed"]
JobStatus = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
MetadataValue = str | int | float | bool | list[str]

ENDED: frozenset[JobStatus] = frozenset({"succeeded", "partial", "failed", "cancelled"})
"""The states that a job does not leave by itself."""


class Model(BaseModel):
    """The base: immutable, open to new fields."""

    # built at its first use: importing the client would otherwise build them all
    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)


class Span(Model):
    """Characters [start, end)."""

    start: int
    end: int


class Collection(Model):
    """A named set of documents; `version` counts its changes, `encoder` made its vectors."""

    name: str
    description: str
    documents: int
    chunks: int
    version: int
    created_at: datetime
    encoder: str | None = None
    encoder_revision: str | None = None


class DocumentError(Model):
    """Why the last attempt to read a document failed."""

    code: str
    message: str


class Document(Model):
    """A source with its state; after a failed replacement the earlier version stays beside the error."""

    id: str
    collection: str
    source: str
    title: str
    media_type: str
    metadata: dict[str, MetadataValue]
    status: DocumentStatus
    error: DocumentError | None
    pages: int | None
    chunks: int
    quarantined: int
    characters: int
    sha256: str
    created_at: datetime
    updated_at: datetime


class DocumentPage(Model):
    """One page of documents; `next_cursor` leads to the next one."""

    documents: list[Document]
    next_cursor: str | None


class Flag(Model):
    """What curation found in a passage; None offsets mean all of it."""

    reason: str
    text: str
    start: int | None
    end: int | None


class Chunk(Model):
    """A passage: `text` is the document's text from `start` to `end`."""

    id: str
    document_id: str
    ordinal: int
    start: int
    end: int
    page: int | None
    headings: list[str]
    text: str
    flags: list[Flag] = []


class JobCounts(Model):
    """How many sources of a job ended in which way."""

    total: int = 0
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    quarantined: int = 0
    moved: int = 0


class JobProgress(Model):
    """How far a job is; rates are None before a worker took it up."""

    done: int
    total: int
    chunks: int
    files_per_second: float | None
    chunks_per_second: float | None
    seconds_left: float | None


class SourceError(Model):
    """Why one source failed."""

    source: str
    code: str
    message: str


class Job(Model):
    """Background work as it stands; `curation` counts the chunks that something was found in, by reason."""

    id: str
    kind: str
    collection: str
    status: JobStatus
    counts: JobCounts
    progress: JobProgress
    curation: dict[str, int] = {}
    errors: list[SourceError]
    created_at: datetime
    updated_at: datetime

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen unless it is retried."""
        return self.status in ENDED


class StageScore(Model):
    """One stage's score and 1-based rank."""

    score: float
    rank: int | None


class StageShare(Model):
    """One stage's score and rank, and what it adds to the hit's score."""

    score: float | None
    rank: int | None
    weight: float | None
    contribution: float | None


class TermMatch(Model):
    """A word of the query in the passage; the scores add up to BM25's."""

    term: str
    score: float
    count: int
    idf: float
    tf: float
    spans: list[Span]


class TokenMatch(Model):
    """A token of the query and what in the passage is most like it; shares add up to the late score."""

    query: Span | None
    passage: Span | None
    similarity: float
    share: float


class Explanation(Model):
    """Why a hit has its score; offsets count in the passage's own text."""

    parts: dict[str, StageShare]
    terms: list[TermMatch]
    tokens: list[TokenMatch]


class Hit(Model):
    """A passage that was found; `parts` maps a stage (dense, lexical, fused, late, rerank) to its score."""

    chunk_id: str
    document_id: str
    source: str
    title: str
    text: str
    start: int
    end: int
    page: int | None
    headings: list[str]
    score: float
    parts: dict[str, StageScore] = {}
    terms: list[str] = []
    metadata: dict[str, MetadataValue] = {}
    flags: list[Flag] = []
    explanation: Explanation | None = None


class Corrected(Model):
    """A question with typos as it was `asked`, and how it was `read`; `from` and `to` in JSON."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    asked: str = Field(alias="from")
    read: str = Field(alias="to")


class SearchResult(Model):
    """Hits best first, and the milliseconds of each stage; `corrected` where it was not searched as asked,
    `unknown_fields` those of the filter that no document has.
    """

    hits: list[Hit]
    timings_ms: dict[str, float]
    corrected: Corrected | None = None
    unknown_fields: list[str] = []


class AnswerSpan(Model):
    """The reader's best answer in a passage."""

    start: int
    end: int
    text: str
    probability: float


class Window(Model):
    """A part of a passage: what the reader's relevance (a logit) and answer lose without it."""

    start: int
    end: int
    relevance: float
    answer: float | None


class Occlusion(Model):
    """The reader on the whole passage, and what it loses without each window."""

    relevance: float
    answer: AnswerSpan | None
    windows: list[Window]


class ExplainedHit(Model):
    """One passage explained; `rank` is its place among the hits, None where it is none of them."""

    rank: int | None
    hit: Hit
    reader: Occlusion


class Evidence(Model):
    """A span of the `context`-th passage (from 0) that a verdict rests on."""

    context: int
    start: int
    end: int


class Verdict(Model):
    """What the checker says: `probability` is the label's, `support` that of being supported."""

    label: str
    probability: float
    support: float
    evidence: list[Evidence] = []
    unsupported_spans: list[Span] = []


class Sentence(Model):
    """A sentence of an answer with the markers it cites; `verdict` is None where nothing was checked."""

    text: str
    start: int
    end: int
    citations: list[int]
    verdict: Verdict | None


class Citation(Model):
    """A footnote: `quote` is the document's own text from `start` to `end`."""

    marker: int
    document_id: str
    chunk_id: str
    source: str
    title: str
    page: int | None
    headings: list[str] = []
    start: int
    end: int
    quote: str


class Step(Model):
    """One decision of the route; `reason` says why an answer was not taken."""

    step: str
    model: str
    confidence: float | None
    taken: bool
    reason: str | None = None


class Usage(Model):
    """What an LLM was paid, if one was asked."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


class Closest(Model):
    """A passage that comes near to an answer; `spans` are its best parts, offsets in the document's text."""

    hit: Hit
    spans: list[Span]


class AnswerPart(Model):
    """One of the questions in a question; `sentences` are places in the answer's `sentences`, from 0."""

    question: str
    answered: bool
    confidence: float
    sentences: list[int]


class Answer(Model):
    """An answer with a footnote behind every sentence, or the `reason` why there is none (`abstained`).

    `confidence` is how probable it is that the quotes answer; `closest` what to look at where it abstained;
    `rewritten` the follow-up question as it was read, None where that is as it stands; `corrected` how a
    question with typos was read; `parts` how each question in a question was answered.
    """

    answer: str
    abstained: bool
    reason: str | None
    confidence: float | None = None
    rewritten: str | None = None
    closest: list[Closest] = []
    corrected: Corrected | None = None
    parts: list[AnswerPart] = []
    sentences: list[Sentence]
    citations: list[Citation]
    hits: list[Hit]
    route: list[Step]
    usage: Usage
    timings_ms: dict[str, float]
    request_id: str = ""


class HitsEvent(Model):
    """The passages that the answer is made from, best first."""

    hits: list[Hit]


class TokenEvent(Model):
    """Text as it is written, provisional until its sentence comes."""

    text: str


class SentenceEvent(Model):
    """A finished sentence, with its verdict."""

    sentence: Sentence


class CitationEvent(Model):
    """A footnote of the final answer."""

    citation: Citation


class AnswerEvent(Model):
    """The whole answer: the last event, and the one that counts."""

    answer: Answer


AnswerStreamEvent = HitsEvent | TokenEvent | SentenceEvent | CitationEvent | AnswerEvent


class PassageSpan(Model):
    """A span of the `passage`-th passage (from 0) with the probability that it answers, or is evidence."""

    passage: int
    start: int
    end: int
    text: str
    probability: float


class ReadResult(Model):
    """Answers best first, and the probability that no passage has one."""

    answers: list[PassageSpan]
    no_answer_probability: float
    evidence: list[PassageSpan] = []


class CheckedSentence(Model):
    """A sentence with its verdict, the evidence for it, and the spans that nothing supports."""

    text: str
    start: int
    end: int
    label: str
    probability: float
    support: float
    evidence: list[Evidence]
    unsupported_spans: list[Span]


class CheckResult(Model):
    """Sentences in order, and the share of them that is supported (0 when there is none)."""

    sentences: list[CheckedSentence]
    supported: float


class RankedText(Model):
    """The place of a text in the request, and its relevance in [0, 1]."""

    index: int
    relevance_score: float


class Score(Model):
    """A metric's mean over its `n` cases with a 95 % interval."""

    mean: float | None
    ci95: tuple[float, float] | None
    n: int


class EvaluationBrief(Model):
    """An evaluation in a list."""

    id: str
    collection: str
    status: JobStatus
    progress: JobProgress


class Evaluation(Model):
    """How far an evaluation is; `scores` and `rows` are there once it has ended."""

    id: str
    status: JobStatus
    progress: JobProgress
    scores: dict[str, Score]
    rows: list[dict[str, Any]]
    error: DocumentError | None = None
