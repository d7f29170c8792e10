"""Whether the store agrees with itself: each query counts what must not exist."""

from __future__ import annotations

import sqlalchemy as sa

from rag.store.database import Part

_MUST_BE_NONE = {
    "collections that miscount their documents": """
        SELECT c.name FROM collections c WHERE c.documents <>
        (SELECT count(*) FROM documents d WHERE d.collection_id = c.id AND d.status = 'ready')""",
    "collections that miscount their chunks": """
        SELECT c.name FROM collections c WHERE c.chunks <>
        (SELECT coalesce(sum(d.chunks), 0) FROM documents d WHERE d.collection_id = c.id)""",
    "collections with a gap in their log": """
        SELECT c.name FROM collections c LEFT JOIN changes l ON l.collection_id = c.id
        GROUP BY c.id, c.name, c.version
        HAVING count(l.sequence) <> c.version OR coalesce(min(l.sequence), 1) <> 1
        OR coalesce(max(l.sequence), 0) <> c.version""",
    "documents whose last change is not their own": """
        SELECT d.id FROM documents d LEFT JOIN changes l
        ON l.collection_id = d.collection_id AND l.sequence = d.sequence
        WHERE d.status = 'ready'
        AND (l.document_id IS NULL OR l.document_id <> d.id OR l.operation <> 'put')""",
    "documents without their text": """
        SELECT d.id FROM documents d LEFT JOIN texts t ON t.document_id = d.id
        WHERE d.status = 'ready' AND t.document_id IS NULL""",
    "documents that miscount their chunks": """
        SELECT d.id FROM documents d LEFT JOIN chunks k ON k.document_id = d.id AND k.quarantine IS NULL
        GROUP BY d.id, d.chunks HAVING count(k.key) <> d.chunks""",
    "chunks without their vector": """
        SELECT k.id FROM chunks k JOIN documents d ON d.id = k.document_id
        JOIN collections c ON c.id = d.collection_id
        LEFT JOIN vectors v ON v.chunk_key = k.key AND v.model_id = c.model_id
        WHERE k.quarantine IS NULL AND v.chunk_key IS NULL""",
    "collections with vectors of an encoder that is not theirs": """
        SELECT c.name FROM collections c WHERE c.next_model_id IS NULL AND EXISTS
        (SELECT 1 FROM documents d JOIN chunks k ON k.document_id = d.id JOIN vectors v ON v.chunk_key = k.key
        WHERE d.collection_id = c.id AND v.model_id <> c.model_id)""",
    "samples that may quote a document that is gone": """
        SELECT s.sample_key FROM sample_documents s JOIN sample_texts t ON t.sample_key = s.sample_key
        LEFT JOIN documents d ON d.id = s.document_id WHERE d.id IS NULL""",
    "samples of a deleted collection": """
        SELECT s.key FROM samples s JOIN collections c ON c.id = s.collection_id WHERE c.deleted""",
}


class Audit(Part):
    """Whether the tables agree with each other: a check for tests and for `footnote doctor`."""

    def problems(self) -> list[str]:
        """What is wrong with the store, in words; empty when it is consistent. Reads every table."""
        found = []
        with self._db.read() as connection:
            for what, query in _MUST_BE_NONE.items():
                bad = connection.scalars(sa.text(query)).all()
                found += [f"{len(bad)} {what}, e.g. {bad[0]}"] if bad else []
            if self._db.dialect == "sqlite":
                found += _sqlite_problems(connection)
        return found


def _sqlite_problems(connection: sa.Connection) -> list[str]:
    integrity = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return [*integrity, *(f"row {row[1]} of {row[0]} has no {row[2]}" for row in orphans)]
