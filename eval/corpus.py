"""Puts a BEIR corpus into a store, in one of two ways."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from eval.beir_folder import CorpusDocument
from eval.service import ServiceFailed, call, service, upload, wait_for
from rag.models.types import EncodedPassage, Encoder
from rag.store import Store
from rag.store.records import NewChunk, NewDocument
from rag.types import Document

Split = Literal["whole", "product"]
BATCH = 64

Progress = Callable[[int, int], None]
"""Called with documents done and their total."""


def put_whole(
    store: Store,
    encoder: Encoder,
    collection: str,
    documents: Sequence[CorpusDocument],
    progress: Progress | None = None,
) -> None:
    """One chunk per document, title and text: BM25 sees all of it, the encoder cuts it to its window.

    This is how BEIR scores bi-encoders, and what the published baselines did. Blank documents are left out.
    """
    store.create_collection(collection)
    info = encoder.info
    store.bind_model(collection, info.name, info.revision, info.dimension or 0)
    filled = [document for document in documents if document.full.strip()]
    for start in range(0, len(filled), BATCH):
        batch = filled[start : start + BATCH]
        for document, encoded in zip(
            batch, encoder.encode_passages([one.full for one in batch]), strict=True
        ):
            store.put_document(_whole(collection, document, encoded, info.name, info.revision))
        if progress:
            progress(start + len(batch), len(filled))


def put_product(data: Path, collection: str, documents: Sequence[CorpusDocument]) -> None:
    """As a user's upload to a running service: parsed, split and embedded by its worker; a document then
    stands in a ranking where its best chunk does.
    """
    with service(data) as running:
        call(running, "POST", "/v1/collections", {"name": collection})
        for job in wait_for(running, upload(running, collection, documents)):
            if job["status"] != "succeeded":
                raise ServiceFailed(f"Ingest of {collection} ended as {job['status']}: {job.get('errors')}")


def _whole(
    collection: str, document: CorpusDocument, encoded: EncodedPassage, model: str, revision: str
) -> NewDocument:
    text = document.full
    digest = hashlib.sha256(text.encode()).hexdigest()
    chunk = NewChunk(0, 0, len(text), None, (), encoded.dense, encoded.tokens)
    # No title beside the text, which begins with it: nothing shall see it twice.
    record = Document("", collection, document.id, "", "text/plain", digest)
    return NewDocument(record, text, digest, [chunk], model, revision)
