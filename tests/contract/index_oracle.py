"""The index that cannot be wrong: every score computed for every chunk, in NumPy and plain Python."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from rag.errors import IndexMismatch
from rag.index.filters import field, matches, values
from rag.index.snapshot import check_spec
from rag.index.types import Batch, Floats, IndexedChunk, IndexSpec, Scored, TermScore
from rag.types import Document, Filter

K1, B = 1.2, 0.75


def words(text: str) -> list[str]:
    """Lower-case words without accents. Endings stay: texts for the oracle use words without any."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain.lower())


class Oracle:
    """Dense and lexical search over a list; `average_length` replaces the mean length in BM25."""

    def __init__(self, folder: Path | None, spec: IndexSpec, average_length: float | None = None) -> None:
        self.spec = spec
        self.position = 0
        self._file = None if folder is None else folder / "oracle.json"
        self._average = average_length
        self._chunks: dict[int, IndexedChunk] = {}
        self._documents: dict[str, Document] = {}
        if self._file is not None and self._file.exists():
            self._load(self._file)

    def apply(self, batch: Batch) -> None:
        if batch.position <= self.position:
            return
        if any(chunk.vector.shape != (self.spec.dimension,) for chunk in batch.added):
            raise IndexMismatch(f"{self.spec.model} has {self.spec.dimension} dimensions")
        gone = {*batch.removed, *(chunk.document_id for chunk in batch.added)}
        self._chunks = {key: one for key, one in self._chunks.items() if one.document_id not in gone}
        self._chunks |= {chunk.key: chunk for chunk in batch.added}
        self._documents |= {document.id: document for document in batch.documents}
        self.position = batch.position

    def count(self) -> int:
        return len(self._chunks)

    def dense(self, vector: Floats, k: int, filters: Filter | None = None) -> list[Scored]:
        if vector.shape != (self.spec.dimension,):
            raise IndexMismatch(f"{self.spec.model} has {self.spec.dimension} dimensions")
        return self._top([Scored(one.key, float(one.vector @ vector)) for one in self._kept(filters)], k)

    def similarities(self, vector: Floats, keys: Sequence[int]) -> dict[int, float]:
        return {key: float(self._chunks[key].vector @ vector) for key in keys if key in self._chunks}

    def has_field(self, key: str) -> bool:
        documents = [self._documents[chunk.document_id] for chunk in self._chunks.values()]
        return any(values(field(document, key)) for document in documents)

    def lexical(self, text: str, k: int, filters: Filter | None = None) -> list[Scored]:
        query = self._query(text)
        scored = [self._bm25(chunk, query) for chunk in self._kept(filters)]
        return self._top([one for one in scored if one.terms], k)

    def term_scores(self, text: str, keys: Sequence[int]) -> dict[int, tuple[TermScore, ...]]:
        query = self._query(text)
        return {key: self._term_scores(self._chunks[key], query) for key in keys if key in self._chunks}

    def flush(self) -> None:
        if self._file is not None:
            chunks = [{**asdict(one), "vector": one.vector.tolist()} for one in self._chunks.values()]
            documents = [asdict(one) for one in self._documents.values()]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps([asdict(self.spec), self.position, chunks, documents]))

    def maintain(self) -> bool:
        return False

    def close(self, *, save: bool = True) -> None:
        if save:
            self.flush()

    def _load(self, file: Path) -> None:
        spec, self.position, chunks, documents = json.loads(file.read_text())
        check_spec("oracle", IndexSpec(**spec), self.spec)
        for one in chunks:
            vector = np.array(one["vector"], np.float32)
            self._chunks[one["key"]] = IndexedChunk(**{**one, "vector": vector})
        self._documents = {one["id"]: Document(**one) for one in documents}

    def _kept(self, filters: Filter | None) -> list[IndexedChunk]:
        chunks = self._chunks.values()
        return [
            one for one in chunks if filters is None or matches(self._documents[one.document_id], filters)
        ]

    def _query(self, text: str) -> list[tuple[str, str, int]]:
        """Different words of the query, as it has them, with their counts."""
        found = re.findall(r"[^\W_]+", text)
        first = {words(word)[0]: word for word in reversed(found)}
        counts = Counter(words(text))
        return [(word, first[word], counts[word]) for word in counts]

    def _bm25(self, chunk: IndexedChunk, query: Sequence[tuple[str, str, int]]) -> Scored:
        terms = self._term_scores(chunk, query)
        return Scored(chunk.key, sum(one.score for one in terms), tuple(one.word for one in terms))

    def _term_scores(
        self, chunk: IndexedChunk, query: Sequence[tuple[str, str, int]]
    ) -> tuple[TermScore, ...]:
        texts = [Counter(words(one.text)) for one in self._chunks.values()]
        average = self._average or sum(sum(text.values()) for text in texts) / len(texts)
        mine = Counter(words(chunk.text))
        scores = []
        for word, written, count in query:
            if mine[word]:
                frequency = sum(word in text for text in texts)
                idf = math.log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))
                damping = K1 * (1 - B + B * sum(mine.values()) / average)
                tf = mine[word] * (K1 + 1) / (mine[word] + damping)
                scores.append(TermScore(word, written, count * idf * tf, count, idf, tf))
        return tuple(scores)

    @staticmethod
    def _top(scored: list[Scored], k: int) -> list[Scored]:
        return sorted(scored, key=lambda one: (-one.score, one.key))[: max(k, 0)]
