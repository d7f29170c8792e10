"""Latency, recall and load time of the embedded indexes on synthetic chunks: python -m tests.index.measure
[SIZE …].

Vectors have 384 dimensions, 32 of which carry most of the variance around 200 centres, as sentence embeddings
do; texts are 120 words drawn from 30,000 by Zipf's law, queries six words of one of the texts. Not a test: it
asserts nothing.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from rag.index.faiss import FaissIndex
from rag.index.tantivy import TantivyIndex
from rag.index.types import Batch, Floats, IndexedChunk, IndexSpec
from rag.types import Document, Equals

DIMENSION = 384
SPEC = IndexSpec("c", "synthetic", "1", DIMENSION)
QUERIES = 200
BATCH = 5_000
PER_DOCUMENT = 5


def vectors(count: int, seed: int) -> Floats:
    shape = np.random.default_rng(0)
    centres = shape.standard_normal((200, 32))
    spread = shape.standard_normal((32, DIMENSION))
    own = np.random.default_rng(seed)
    latent = centres[own.integers(200, size=count)] + 0.7 * own.standard_normal((count, 32))
    found = latent @ spread + 0.5 * own.standard_normal((count, DIMENSION))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def texts(count: int) -> list[str]:
    own = random.Random(1)
    words = [f"w{number}" for number in range(30_000)]
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(30_000)))
    return [" ".join(own.choices(words, cum_weights=weights, k=120)) for _ in range(count)]


def batches(size: int, dense: Floats, words: list[str]) -> Iterator[Batch]:
    for position, start in enumerate(range(0, size, BATCH), start=1):
        rows = range(start, min(size, start + BATCH))
        chunks = tuple(
            IndexedChunk(row + 1, f"d{row // PER_DOCUMENT}", words[row], dense[row]) for row in rows
        )
        names = dict.fromkeys(chunk.document_id for chunk in chunks)
        documents = tuple(
            Document(name, "c", name, name, "text/plain", "", (), {"tenth": int(name[1:]) % 10})
            for name in names
        )
        yield Batch(position, (), chunks, documents)


def timed(search: Callable[[int], object]) -> str:
    """Wall time, p50 and p90, and the p50 of processor time, which other programs disturb less."""
    wall, processor = [], []
    for number in range(QUERIES):
        start, worked = time.perf_counter(), time.thread_time()
        search(number)
        processor.append((time.thread_time() - worked) * 1000)
        wall.append((time.perf_counter() - start) * 1000)
    p50, p90, own = np.quantile(wall, 0.5), np.quantile(wall, 0.9), np.quantile(processor, 0.5)
    return f"p50 {p50:.2f} ms, p90 {p90:.2f} ms (processor p50 {own:.2f} ms)"


def measure(size: int, home: Path) -> None:
    dense, asked, words = vectors(size, 1), vectors(QUERIES, 2), texts(size)
    own = random.Random(2)
    questions = [" ".join(own.sample(own.choice(words).split(), 6)) for _ in range(QUERIES)]
    rare, most = Equals("tenth", 3), Equals("media_type", "text/plain")
    faiss = FaissIndex(home / "faiss", SPEC, hnsw_threshold=50_000)
    tantivy = TantivyIndex(home / "tantivy", SPEC)
    for batch in batches(size, dense, words):
        faiss.apply(batch)
        tantivy.apply(batch)
    flat = [[one.key for one in faiss.dense(vector, 10)] for vector in asked]
    print(f"{size} chunks: dense flat, k=100: {timed(lambda n: faiss.dense(asked[n], 100))}")
    print(f"{size} chunks: dense flat, a tenth: {timed(lambda n: faiss.dense(asked[n], 100, rare))}")
    print(f"{size} chunks: lexical, k=100: {timed(lambda n: tantivy.lexical(questions[n], 100))}")
    print(f"{size} chunks: lexical, a tenth: {timed(lambda n: tantivy.lexical(questions[n], 100, rare))}")
    print(f"{size} chunks: lexical, all: {timed(lambda n: tantivy.lexical(questions[n], 100, most))}")
    start = time.perf_counter()
    if faiss.maintain():
        print(f"{size} chunks: graph built in {time.perf_counter() - start:.1f} s")
        found = [[one.key for one in faiss.dense(vector, 10)] for vector in asked]
        recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(flat, found, strict=True)])
        print(f"{size} chunks: graph recall@10 {recall:.4f}")
        print(f"{size} chunks: dense graph, k=100: {timed(lambda n: faiss.dense(asked[n], 100))}")
        print(f"{size} chunks: dense graph, a tenth: {timed(lambda n: faiss.dense(asked[n], 100, rare))}")
    reopen(size, home, faiss, tantivy)


def reopen(size: int, home: Path, faiss: FaissIndex, tantivy: TantivyIndex) -> None:
    start = time.perf_counter()
    faiss.flush()
    tantivy.flush()
    print(f"{size} chunks: saved in {time.perf_counter() - start:.2f} s")
    faiss.close()
    tantivy.close()
    start = time.perf_counter()
    FaissIndex(home / "faiss", SPEC, hnsw_threshold=50_000)
    half = time.perf_counter()
    TantivyIndex(home / "tantivy", SPEC)
    print(f"{size} chunks: loaded faiss {half - start:.2f} s, tantivy {time.perf_counter() - half:.2f} s")


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["20000", "100000"]:
        with tempfile.TemporaryDirectory() as folder:
            measure(int(argument), Path(folder))
