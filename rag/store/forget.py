"""Deletes that are really gone: a text that samples may quote takes their texts along."""

from __future__ import annotations

import sqlalchemy as sa

from rag.store.schema import sample_documents, sample_texts


def forget_quotes(connection: sa.Connection, document: str) -> None:
    """Delete what samples say that have passages of this document; their numbers stay."""
    quoting = sa.select(sample_documents.c.sample_key).where(sample_documents.c.document_id == document)
    connection.execute(sa.delete(sample_texts).where(sample_texts.c.sample_key.in_(quoting)))
    connection.execute(sa.delete(sample_documents).where(sample_documents.c.document_id == document))
