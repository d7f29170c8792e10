"""What the benchmark ingests and asks."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from eval.corpus import CorpusDocument, load_beir
from rag.errors import InvalidInput
from rag.models.types import Floats
from rag.store import Store
from rag.store.records import EmbeddedChunk, NewChunk, NewDocument
from rag.text.sentences import split_sentences
from rag.types import Document

SAMPLES = Path(__file__).parents[3] / "samples" / "handbook"
COPIES = 10
QUERIES = 200
QUERY_WORDS = 10


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder for sync, or documents for upload; without `queries` they are taken from the text."""

    name: str
    folder: Path | None
    documents: tuple[CorpusDocument, ...]
    queries: tuple[str, ...]


def folder_dataset(folder: Path) -> Dataset:
    """A folder of files. Raises InvalidInput `path_not_found`."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.", code="path_not_found")
    return Dataset(folder.name, folder.resolve(), (), ())


def sampled_files(folder: Path, most: int, target: Path) -> Dataset:
    """Copies of `most` files of a folder, drawn with a fixed seed, below `target`. Raises InvalidInput
    `path_not_found`.
    """
    whole = folder_dataset(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in random.Random(0).sample(files, min(most, len(files))):
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return Dataset(f"{min(most, len(files))} files of {whole.name}", target.resolve(), (), ())


def beir_dataset(folder: Path) -> Dataset:
    """A BEIR corpus with its queries. Raises InvalidInput `beir_invalid`."""
    found = load_beir(folder)
    return Dataset(found.name, None, found.documents, tuple(found.queries.values()))


def repeated_samples(target: Path, copies: int = COPIES) -> Dataset:
    """Copies of samples/handbook below `target`: the same files under other names are other documents."""
    for copy in range(copies):
        shutil.copytree(SAMPLES, target / f"copy-{copy:02}")
    return Dataset(f"{copies} copies of samples/handbook", target.resolve(), (), ())


def queries_from(texts: Sequence[str], *, seed: int = 0) -> tuple[str, ...]:
    """The first ten words of the longest sentence of texts drawn at random; the same seed, the same
    queries.
    """
    draw = random.Random(seed)
    return tuple(_query(draw.choice(texts)) for _ in range(QUERIES))


def longest_sentence(text: str) -> str:
    """The longest sentence of a text; all of it where none is found."""
    return max((text[span.start : span.end] for span in split_sentences(text)), key=len, default=text)


def _query(text: str) -> str:
    return " ".join(longest_sentence(text).split()[:QUERY_WORDS])


SYNTHETIC = "synthetic"
"""Where the sources of synthetic documents begin."""
PER_DOCUMENT = 20
MOST_DOCUMENTS = 200
PATTERNS = 500  # real chunks that the synthetic ones are made from
NOISE = 0.7  # length of the noise added to a unit vector: cosine to its pattern about 0.8


def fill(store: Store, collection: str, total: int, *, seed: int = 0) -> int:
    """Add synthetic documents until the collection has `total` chunks; how many chunks were added.

    Each is a real chunk with its words shuffled, its vector with noise and its token vectors as they are,
    so that the indexes do their usual work. Raises ValueError for a collection without a chunk.
    """
    missing = total - store.collections.get(collection).chunks
    if missing <= 0:
        return 0
    bound = store.collections.bound(collection)
    patterns = _patterns(store, collection)
    if bound is None or not patterns:
        raise ValueError(f"{collection} has no chunk to make others from.")
    tokens = store.chunks.token_vectors([pattern.key for pattern in patterns], bound[0])
    random = np.random.default_rng([seed, total])
    for number, size in enumerate(_sizes(missing)):
        picked = [patterns[place] for place in random.integers(0, len(patterns), size)]
        source = f"{SYNTHETIC}/{total}/{number:06}.txt"
        store.documents.put(_document(collection, source, picked, tokens, bound[0], bound[1], random))
    return missing


def _sizes(missing: int) -> Iterator[int]:
    return (min(PER_DOCUMENT, missing - start) for start in range(0, missing, PER_DOCUMENT))


def _patterns(store: Store, collection: str) -> list[EmbeddedChunk]:
    bound = store.collections.bound(collection)
    if bound is None:
        return []
    real = (
        record.document.id
        for record in store.documents.every(collection, status="ready")
        if not record.document.source.startswith(SYNTHETIC)
    )
    return store.changes.embedded(list(islice(real, MOST_DOCUMENTS)), bound[0], bound[1])[:PATTERNS]


def _document(
    collection: str,
    source: str,
    picked: Sequence[EmbeddedChunk],
    tokens: dict[int, bytes],
    model: str,
    revision: str,
    random: np.random.Generator,
) -> NewDocument:
    texts = [_shuffled(pattern.chunk.text, random) for pattern in picked]
    text, chunks, start = "\n".join(texts), [], 0
    for ordinal, (pattern, words) in enumerate(zip(picked, texts, strict=True)):
        end = start + len(words)
        dense = _near(pattern.dense, random)
        chunks.append(NewChunk(ordinal, start, end, None, (), dense, tokens.get(pattern.key)))
        start = end + 1
    digest = hashlib.sha256(text.encode()).hexdigest()
    record = Document("", collection, source, "", "text/plain", digest)
    return NewDocument(record, text, digest, chunks, model, revision)


def _shuffled(text: str, random: np.random.Generator) -> str:
    words = text.split()
    return " ".join(words[place] for place in random.permutation(len(words)))


def _near(vector: Floats, random: np.random.Generator) -> Floats:
    noise = random.standard_normal(vector.shape)
    moved = vector + NOISE * noise / np.linalg.norm(noise)
    return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)
