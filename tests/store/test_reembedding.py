"""A store from before encoders could be changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sqlalchemy as sa
from alembic import command

from rag.store import Store, document_id
from rag.store.migrate import alembic_config
from rag.types import BoundEncoder
from tests.contract.store_making import make_document

_OLD = """
INSERT INTO models (id, name, revision, dimension) VALUES (1, 'test-encoder', 'r1', 8);
INSERT INTO collections (id, name, description, version, documents, chunks, model_id, created_at, deleted,
profile) VALUES (1, 'c', '', 1, 1, 2, 1, '2026-01-01 00:00:00', 0, 0);
INSERT INTO changes VALUES (1, 1, :id, 'put');
INSERT INTO documents VALUES (:id, 1, 'a/x.md', 'x.md', '', '', 'h', '[]', '{}', 1, 1, 'ready', NULL, NULL, 2,
0, 7, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO texts VALUES (:id, 'One two');
INSERT INTO chunks VALUES (1, :id, 0, 'k0', 0, 3, NULL, '["Guide"]', 'One', NULL);
INSERT INTO chunks VALUES (2, :id, 1, 'k1', 4, 7, NULL, '["Guide"]', 'two', NULL);
INSERT INTO vectors VALUES (1, 1, :dense), (2, 1, :dense);
INSERT INTO token_vectors VALUES (1, 1, :packed), (2, 1, :packed);
"""


def test_an_older_store_keeps_its_vectors_and_can_change_its_encoder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'footnote.db'}"
    dense = np.arange(8, dtype=np.float16)
    values = {"id": document_id("c", "a/x.md"), "dense": dense.tobytes(), "packed": b"tokens"}
    with sa.create_engine(url).begin() as connection:
        command.upgrade(alembic_config(connection), "0002")
        for statement in _OLD.split(";\n")[:-1]:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(sa.text(statement), used)
    with Store.open(url) as store:
        assert store.audit.problems() == []
        assert store.collections.get("c").encoder == BoundEncoder("test-encoder", "r1", 8)
        found = store.changes.embedded([values["id"]], "test-encoder", "r1")
        np.testing.assert_array_equal([each.dense for each in found], [dense, dense])
        assert store.chunks.token_vectors([1, 2], "test-encoder", "r1") == {1: b"tokens", 2: b"tokens"}
        lacking = store.reembedding.unembedded("c", "next", "r2")
        assert [(one.text, one.context, one.headings) for one in lacking] == [
            ("One", None, ("Guide",)),
            ("two", None, ("Guide",)),
        ]
        assert store.documents.put(make_document("c", "a/x.md")) == "replaced"
        assert store.documents.put(make_document("c", "b.txt")) == "added"
        assert store.audit.problems() == []
