"""What the benchmark ingests and asks."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.beir_folder import CorpusDocument, load_beir
from rag.answer.sentences import split
from rag.errors import InvalidInput
from rag.models.registry import load_encoder
from rag.settings import Settings
from rag.store import Store
from rag.types import Chunk

SAMPLES = Path(__file__).parent.parent / "samples" / "handbook"
COPIES = 10
QUERIES = 200
QUERY_WORDS = 10


@dataclass(frozen=True, slots=True)
class Material:
    """A folder for sync, or documents for upload; without `queries` they are taken from the text."""

    name: str
    folder: Path | None
    documents: tuple[CorpusDocument, ...]
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What ingest made: chunks and their tokens, questions from their text; `total_chunks` has the filler
    too.
    """

    chunks: int
    tokens: int
    total_chunks: int
    queries: tuple[str, ...]

    def filled(self, added: int) -> Stored:
        """After `added` synthetic chunks."""
        return replace(self, total_chunks=self.total_chunks + added)


def of_folder(folder: Path) -> Material:
    """A folder of files. Raises InvalidInput `path_not_found`."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.", code="path_not_found")
    return Material(folder.name, folder.resolve(), (), ())


def of_beir(folder: Path) -> Material:
    """A BEIR corpus with its queries. Raises InvalidInput `beir_invalid`."""
    found = load_beir(folder)
    return Material(found.name, None, found.documents, tuple(found.queries.values()))


def repeated_samples(target: Path) -> Material:
    """Copies of samples/handbook below `target`: the same files under other names are other documents."""
    for copy in range(COPIES):
        shutil.copytree(SAMPLES, target / f"copy-{copy:02}")
    return Material(f"{COPIES} copies of samples/handbook", target, (), ())


def inspect(store: Store, collection: str, settings: Settings) -> Stored:
    """Chunks, tokens and queries of what was ingested. Raises InvalidInput `nothing_ingested`."""
    encoder = load_encoder(settings.encoder, settings)
    chunks = list(_chunks(store, collection))
    if not chunks:
        raise InvalidInput("Nothing was ingested, so there is nothing to measure.", code="nothing_ingested")
    tokens = sum(len(encoder.token_spans(chunk.text)) for chunk in chunks)
    return Stored(len(chunks), tokens, len(chunks), queries_from([chunk.text for chunk in chunks]))


def queries_from(texts: Sequence[str], *, seed: int = 0) -> tuple[str, ...]:
    """The first ten words of the longest sentence of texts drawn at random; the same seed, the same
    queries.
    """
    draw = random.Random(seed)
    return tuple(_query(draw.choice(texts)) for _ in range(QUERIES))


def _query(text: str) -> str:
    sentences = [text[span.start : span.end] for span in split(text)] or [text]
    return " ".join(max(sentences, key=len).split()[:QUERY_WORDS])


def _chunks(store: Store, collection: str) -> Iterator[Chunk]:
    for record in store.every_document(collection, status="ready"):
        yield from store.chunks(record.document.id)
