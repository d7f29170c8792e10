"""The truth: one SQL store that every index replica is rebuilt from."""

from rag.store.ids import chunk_id, document_id
from rag.store.records import (
    EmbeddedChunk,
    ItemRecord,
    ItemState,
    JobItem,
    JobRequest,
    Key,
    KeyRole,
    NewChunk,
    NewDocument,
    Outcome,
    Put,
    QuarantinedChunk,
)

__all__ = [
    "EmbeddedChunk",
    "ItemRecord",
    "ItemState",
    "JobItem",
    "JobRequest",
    "Key",
    "KeyRole",
    "NewChunk",
    "NewDocument",
    "Outcome",
    "Put",
    "QuarantinedChunk",
    "chunk_id",
    "document_id",
]
