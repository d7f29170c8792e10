"""The index contract on each backend, and on the oracle that they are compared with."""

from __future__ import annotations

from pathlib import Path

from rag.index.faiss import FaissIndex
from rag.index.qdrant import Connection, QdrantIndex
from rag.index.qdrant_payload import ASSUMED_LENGTH
from rag.index.tantivy import TantivyIndex
from rag.index.types import Batch, DenseIndex, IndexSpec, LexicalIndex
from rag.settings import HNSW_THRESHOLD
from tests.contract.index_contract import DenseContract, LexicalContract
from tests.contract.index_making import SPEC
from tests.contract.index_oracle import Oracle


class TestOracleDense(DenseContract):
    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> Oracle:
        return Oracle(folder, spec)


class TestOracleLexical(LexicalContract):
    # it has no stemmer
    test_endings_case_and_accents_do_not_matter = None
    test_the_words_that_matched_are_the_querys = None
    test_words_are_found_in_every_script = None  # nor pairs of letters
    test_the_words_scores_add_up = None  # it is what others' scores are compared with

    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> Oracle:
        return Oracle(folder, spec)


class TestFaissFlat(DenseContract):
    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> DenseIndex:
        return FaissIndex(folder, spec, hnsw_threshold=HNSW_THRESHOLD)


class EagerFaiss(FaissIndex):
    """Builds its graph after every batch that makes one due."""

    def apply(self, batch: Batch) -> None:
        super().apply(batch)
        self.maintain()


class TestFaissGraph(DenseContract):
    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> DenseIndex:
        return EagerFaiss(folder, spec, hnsw_threshold=4)


class TestTantivy(LexicalContract):
    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> LexicalIndex:
        return TantivyIndex(folder, spec)


class Qdrant:
    """The client's local mode: no server runs here."""

    refuses_strangers = False

    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> QdrantIndex:
        connection = Connection.open(":memory:" if folder is None else str(folder))
        try:
            return _Owning(connection, spec)
        except BaseException:
            connection.close()
            raise


class _Owning(QdrantIndex):
    def close(self, *, save: bool = True) -> None:
        super().close(save=save)
        self._connection.close()


class TestQdrantDense(Qdrant, DenseContract):
    pass


class TestQdrantLexical(Qdrant, LexicalContract):
    average_length = ASSUMED_LENGTH
