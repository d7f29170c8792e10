"""What is handed to the store and what it hands back, beside the types that the whole project shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.types import Chunk, Document, Finding, Label, Metadata

Floats = NDArray[np.float32]
Put = Literal["added", "replaced", "unchanged"]
Outcome = Literal["added", "replaced", "moved", "unchanged", "removed", "failed"]
ItemState = Literal["pending", "done", "failed", "cancelled"]
KeyRole = Literal["admin", "write", "read"]
SampleState = Literal["waiting", "scored", "gone"]
"""`gone`: the texts went with a document before the judges had read them."""
Option = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A passage to store: its span of the text in code points, dense vector (dim,) and packed token vectors.

    With a `quarantine` reason the chunk is kept with its vectors and counted, but is never searched.
    `duplicate_of` is the fingerprint of the chunk that it repeats; where that one is gone, a chunk
    quarantined as its duplicate is searched. `signatures` are what later chunks are compared with. `context`
    is what the encoder read in front of the text; another encoder will read it there too.
    """

    ordinal: int
    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    dense: Floats
    tokens: bytes | None = None
    quarantine: str | None = None
    findings: tuple[Finding, ...] = ()
    duplicate_of: int | None = None
    signatures: tuple[int, ...] = ()
    context: str = ""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document with everything that is stored of it; `content_sha256` is the hash of the source's bytes.

    `origin` is what the remote store that they came from says of their version.
    `document.id` must be `document_id(document.collection, document.source)`; an empty id stands for that.
    """

    document: Document
    text: str
    content_sha256: str
    chunks: Sequence[NewChunk]
    model: str
    revision: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class EmbeddedChunk:
    """A live chunk with its key and its dense vector (dim,), as stored in half precision and widened."""

    key: int
    chunk: Chunk
    dense: Floats


@dataclass(frozen=True, slots=True)
class UnembeddedChunk:
    """A searchable chunk that has no vector of some encoder yet, and what is known of the passage to encode.

    `context` is None where the store does not know what stood in front of the text.
    """

    key: int
    text: str
    context: str | None
    title: str
    source: str
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewVectors:
    """Vectors for a chunk that is stored: dense (dim,) and packed token vectors."""

    key: int
    dense: Floats
    tokens: bytes | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedChunk:
    """A chunk that is kept out of search, why, and whose it is."""

    chunk: Chunk
    reason: str
    source: str
    title: str


@dataclass(frozen=True, slots=True)
class SimilarChunk:
    """A chunk of another document that shares `signature`; `searchable` unless it is in quarantine."""

    signature: int
    key: int
    document_id: str
    fingerprint: int
    searchable: bool


@dataclass(frozen=True, slots=True)
class JobItem:
    """One source of a job: an upload brings its `payload`, a file its `path`; neither says: delete it.

    `origin` is what a remote store says of the version at `path`. With an `error`, (code, message), the item
    has failed from the start.
    """

    source: str
    sha256: str = ""
    media_type: str = ""
    title: str = ""
    metadata: Metadata = field(default_factory=dict)
    payload: bytes | None = None
    path: str | None = None
    origin: str = ""
    error: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """A job's item as stored. `item.payload` is always None here: `Store.item_payload(id)` reads it."""

    id: int
    job_id: str
    collection: str
    item: JobItem
    state: ItemState
    outcome: Outcome | None
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a job was created with, for the worker that carries it out."""

    id: str
    kind: str
    collection: str
    options: Mapping[str, Option]


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """The run of an evaluation: its setup and cases as JSON, and whether it has its report."""

    setup: str
    cases: str
    finished: bool


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """A case that is done: its row as JSON, and the seconds of the run up to then."""

    case_id: str
    seconds: float
    payload: str


@dataclass(frozen=True, slots=True)
class NewProfile:
    """What was learned for a collection with this encoder: JSON for the engine, and what the gates said.

    With `adopt` it is in force from the moment it is stored.
    """

    model: str
    revision: str
    payload: str
    report: str
    adopt: bool


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """A profile as stored. `replaced` is the version that was in force when it was adopted (None: never)."""

    version: int
    model: str
    revision: str
    payload: str
    report: str
    created_at: datetime
    replaced: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret. `collections` None means every collection."""

    id: str
    name: str
    role: KeyRole
    collections: tuple[str, ...] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SampledSentence:
    """A sentence of a sampled response: its span there, and its live verdict (None: it was not checked)."""

    start: int
    end: int
    label: Label | None
    support: float | None


@dataclass(frozen=True, slots=True)
class PassageRef:
    """Where a passage stands. A chunk whose text changes gets another id, so that a reference never leads to
    another text.
    """

    document_id: str
    ordinal: int
    chunk_id: str


@dataclass(frozen=True, slots=True)
class SampleTexts:
    """What a sampled answer says: its `passages` are best first, and the markers of the response count in
    them, from 1. The response is empty for an abstention.
    """

    question: str
    response: str
    passages: tuple[PassageRef, ...]
    sentences: tuple[SampledSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSample:
    """A live answer to keep for scoring. `supported` is the share of its checked sentences that are, None
    where none was checked; `timings` maps a stage to milliseconds.
    """

    collection: str
    request_id: str
    created_at: datetime
    abstained: bool
    reason: str | None
    route: str
    supported: float | None
    timings: Mapping[str, float]
    texts: SampleTexts


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """A sample as stored, without its texts. A judge is in `scores` or, with a code, in `problems`."""

    key: int
    request_id: str
    created_at: datetime
    state: SampleState
    abstained: bool
    reason: str | None
    route: str
    supported: float | None
    timings: Mapping[str, float]
    scores: Mapping[str, float]
    problems: Mapping[str, str]
    judged_by: str | None


@dataclass(frozen=True, slots=True)
class SampleScores:
    """What the judges said of the sample `key`; `judged_by` names what they were made with."""

    key: int
    scores: Mapping[str, float]
    problems: Mapping[str, str]
    judged_by: str


@dataclass(frozen=True, slots=True)
class SampledPassage:
    """A passage of a sample, as it was."""

    source: str
    title: str
    text: str
    page: int | None
