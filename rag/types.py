"""What crosses package borders: frozen dataclasses, standard library only.

Offsets count Unicode code points in a document's extracted text. Scores are floats where higher is better.
Times are milliseconds. Times of day are timezone-aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Scalar = str | int | float | bool
"""A metadata value."""
Metadata = Mapping[str, Scalar | Sequence[str]]
"""Flat document metadata: a scalar or a list of strings behind each key."""

Mode = Literal["hybrid", "dense", "lexical"]
AnswerMode = Literal["auto", "extractive", "generative"]
CheckPolicy = Literal["off", "flag", "retry", "drop", "refuse"]
Label = Literal["supported", "contradicted", "unsupported", "quoted"]
GROUNDED: frozenset[Label] = frozenset({"supported", "quoted"})
"""What stands in the passages: by the checker's word, or word for word."""
DocumentStatus = Literal["ready", "failed"]
JobStatus = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
Operation = Literal["put", "delete"]
Role = Literal["user", "assistant"]
Reason = Literal[
    "secret", "personal_data", "low_quality", "language", "boilerplate", "exact_duplicate", "near_duplicate"
]
"""What curation can find in a chunk. The first of several is the one that a quarantine names."""
Action = Literal["keep", "flag", "quarantine"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said earlier in a conversation, and by whom."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class BoundEncoder:
    """The encoder of a collection's vectors: its name, a hash of what it computes, and their dimension."""

    name: str
    revision: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents; `version` is the sequence number of its last change.

    `profile` is the version of what was learned for it and is in force, 0 for the defaults. `encoder` made
    its vectors, None while there are none; `generation` counts how often another one took over.
    """

    name: str
    description: str
    version: int
    documents: int
    chunks: int
    created_at: datetime
    profile: int = 0
    generation: int = 0
    encoder: BoundEncoder | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a paginated source: its 1-based number and its span in the extracted text."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A source as the store knows it. `id` is stable for (collection, source)."""

    id: str
    collection: str
    source: str
    title: str
    media_type: str
    text_sha256: str
    pages: tuple[Page, ...] = ()
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document with its state: what the documents pages of the API show."""

    document: Document
    status: DocumentStatus
    error_code: str | None
    error_message: str | None
    chunks: int
    quarantined: int
    characters: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What curation found in a chunk: `start` and `end` count in the document's text, None for all of it.

    `text` is for people and never holds what was found.
    """

    reason: Reason
    text: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class CurationPolicy:
    """What becomes of a chunk in which curation finds something; `keep` does not even look.

    `languages` are the ISO 639-1 codes that belong into the collection; with none of them every one does.
    """

    secret: Action = "flag"
    personal_data: Action = "flag"
    low_quality: Action = "flag"
    language: Action = "flag"
    boilerplate: Action = "flag"
    exact_duplicate: Action = "flag"
    near_duplicate: Action = "flag"
    languages: tuple[str, ...] = ()

    def action(self, reason: Reason) -> Action:
        """What this policy does about a reason."""
        actions: Mapping[Reason, Action] = {
            "secret": self.secret,
            "personal_data": self.personal_data,
            "low_quality": self.low_quality,
            "language": self.language,
            "boilerplate": self.boilerplate,
            "exact_duplicate": self.exact_duplicate,
            "near_duplicate": self.near_duplicate,
        }
        return actions[reason]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: `text == document.text[start:end]`, always. `findings` are those of curation."""

    id: str
    document_id: str
    ordinal: int
    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    text: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a collection's change log; `sequence` is gapless and grows in commit order."""

    sequence: int
    document_id: str
    operation: Operation


# A filter is a small tree over document metadata and the reserved keys
# `source`, `title`, `media_type` and `document_id`.


@dataclass(frozen=True, slots=True)
class Equals:
    """The field holds this value (or, for a list of strings, contains it)."""

    key: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """The field holds (or contains) one of these values."""

    key: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The field is a number, a date (compared as an instant) or a text within the bounds given."""

    key: str
    gt: float | str | None = None
    gte: float | str | None = None
    lt: float | str | None = None
    lte: float | str | None = None


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds; true when there are none."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds; false when there are none."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; a missing field makes a comparison false, so its Not true."""

    part: Filter


Filter = Equals | In | Range | And | Or | Not


@dataclass(frozen=True, slots=True)
class Query:
    """A search request. `k` is the number of hits wanted."""

    text: str
    collection: str
    k: int = 10
    filters: Filter | None = None
    mode: Mode = "hybrid"


@dataclass(frozen=True, slots=True)
class Part:
    """One stage's own view of a hit: its raw score and 1-based rank (None where it did not rank it)."""

    score: float
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one stage adds to a hit's score: `weight` times its score, standardised over the candidates."""

    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class TermMatch:
    """A word of the query in the chunk and what it adds to the BM25 score, which is idf · tf · count.

    `count` is how often the query has the word, `tf` the saturated frequency in the chunk as BM25 sees it:
    title and headings included. `spans` are offsets in the chunk's text; none where only those have it.
    """

    term: str
    score: float
    count: int
    idf: float
    tf: float
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """A token of the query and the tokens of the passage that are most like it (pooled neighbours count as
    one).

    `query` is its span in the query (None: the mark of beginning or end), `passage` theirs in the chunk's
    text (None: in the headings, or a mark). `share` is `similarity` over the number of the query's tokens:
    the shares add up to the late score.
    """

    query: Span | None
    passage: Span | None
    similarity: float
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit has its score: the matched terms and tokens behind its lexical and late scores."""

    terms: tuple[TermMatch, ...] = ()
    tokens: tuple[TokenMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. `parts` maps a stage (dense, lexical, fused, late, rerank) to score and rank.

    `header` is the first row of the table in whose middle the chunk begins: models read it before the chunk.
    The contributions of `shares` add up to the score; `explanation` is there only where it was asked for.
    """

    chunk: Chunk
    document: Document
    score: float
    parts: Mapping[str, Part] = field(default_factory=dict)
    terms: tuple[str, ...] = ()
    header: str = ""
    shares: Mapping[str, Share] = field(default_factory=dict)
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A footnote: offsets in the document's text, `quote` is that text as the store has it."""

    marker: int
    document_id: str
    chunk_id: str
    source: str
    title: str
    start: int
    end: int
    quote: str
    page: int | None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a verdict looked: a span (offsets in the evidence passage) of the `context`-th passage."""

    context: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word of the checker: `probability` is the label's, `support` that of being supported.

    What is "quoted" was not judged: its words are the passage's, which says nothing of whether they answer.

    What is contradicted is not supported either, so "unsupported" has 1 - `support`.
    """

    label: Label
    probability: float
    support: float
    evidence: tuple[Evidence, ...] = ()
    unsupported_spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer: its offsets in the answer's text and the markers it cites."""

    text: str
    start: int
    end: int
    citations: tuple[int, ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A decision of the route: which model was asked, how sure it was, whether it was taken, else why not."""

    step: str
    model: str
    confidence: float | None
    taken: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost per model; extractive answers cost none."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Closest:
    """A passage that comes near to an answer, and its best parts, as offsets in the document's text."""

    hit: Hit
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A question whose typos were mended: as it was `asked`, and as it was `read`."""

    asked: str
    read: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found, best first, and the milliseconds of each stage; `corrected` where its typos were
    mended, `unknown_fields` those of its filter that no document has.
    """

    hits: list[Hit]
    timings: dict[str, float]
    corrected: Corrected | None
    unknown_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """One of the questions in a question: whether it is answered, the calibrated probability of what was
    quoted for it, and the sentences that answer it, counted from 0 in the answer's.
    """

    question: str
    answered: bool
    confidence: float
    sentences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer; `timings` maps a stage to milliseconds.

    `confidence` is the calibrated probability that quotes answer the question, None where none were sought;
    `closest` are the passages to look at where the service abstained. `rewritten` is the follow-up question
    as it was read, with what earlier turns said, None where it was read as it stands; `corrected` is there
    where its typos were mended. `parts` are the questions in the question, where it was answered one by one.
    """

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    abstained: bool
    reason: str | None
    route: tuple[Step, ...]
    usage: Usage
    timings: Mapping[str, float]
    confidence: float | None = None
    closest: tuple[Closest, ...] = ()
    rewritten: str | None = None
    corrected: Corrected | None = None
    parts: tuple[AnswerPart, ...] = ()


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many sources of a job ended in which way."""

    total: int = 0
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    quarantined: int = 0
    moved: int = 0

    @property
    def done(self) -> int:
        """Sources that have ended, however."""
        return self.added + self.replaced + self.moved + self.unchanged + self.removed + self.failed


@dataclass(frozen=True, slots=True)
class SourceError:
    """Why one source of a job failed."""

    source: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Job:
    """Work in the background, as the API shows it.

    `chunks` counts the passages that its sources gave, `curation` those found for each reason; `started_at`
    is when a worker first took it up.
    """

    id: str
    kind: str
    collection: str
    status: JobStatus
    counts: JobCounts
    errors: tuple[SourceError, ...]
    created_at: datetime
    updated_at: datetime
    chunks: int = 0
    started_at: datetime | None = None
    curation: Mapping[Reason, int] = field(default_factory=dict)
