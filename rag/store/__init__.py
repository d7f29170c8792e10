"""The truth: one SQL store that every index replica is rebuilt from."""

from rag.store.curation import first_reason
from rag.store.ids import chunk_id, document_id, fingerprint, mark
from rag.store.records import (
    Alike,
    EmbeddedChunk,
    ItemRecord,
    ItemState,
    JobItem,
    JobRequest,
    Key,
    KeyRole,
    NewChunk,
    NewDocument,
    NewProfile,
    NewVectors,
    Outcome,
    ProfileRecord,
    Put,
    QuarantinedChunk,
    UnembeddedChunk,
)
from rag.store.store import Store
from rag.store.text import clean, clean_source

__all__ = [
    "Alike",
    "EmbeddedChunk",
    "ItemRecord",
    "ItemState",
    "JobItem",
    "JobRequest",
    "Key",
    "KeyRole",
    "NewChunk",
    "NewDocument",
    "NewProfile",
    "NewVectors",
    "Outcome",
    "ProfileRecord",
    "Put",
    "QuarantinedChunk",
    "Store",
    "UnembeddedChunk",
    "chunk_id",
    "clean",
    "clean_source",
    "document_id",
    "fingerprint",
    "first_reason",
    "mark",
]
