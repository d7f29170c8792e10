"""Ingest by a real service and its worker, from the call until the job has ended."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from eval.corpus import CorpusDocument
from eval.environment import children, peak_memory_mb
from ingest.embed import passage
from lab.bench.service import Running, call, job_id, upload, wait_for
from lab.bench.speed.dataset import SYNTHETIC, Dataset
from lab.bench.speed.models import encoded_rate
from lab.bench.speed.results import Figure, Plan
from rag.models.types import Encoder
from rag.store import Store
from rag.types import Chunk

BASELINE = "encoder forward on the same passages"
AGAIN = "again"
AGAIN_CHUNKS = 80


@dataclass(frozen=True, slots=True)
class Ingested:
    """Seconds from the first call to the end of the jobs, and their counts, added up; `baseline` are the
    tokens and, right after it, a second's worth of them by the encoder alone.
    """

    seconds: float
    counts: dict[str, int]
    baseline: tuple[int, float] | None = None


def ingest(running: Running, dataset: Dataset, collection: str) -> Ingested:
    """The dataset into a new collection."""
    call(running, "POST", "/v1/collections", {"name": collection})
    started = perf_counter()
    jobs = wait_for(running, submit(running, dataset, collection))
    return Ingested(perf_counter() - started, _counted(jobs))


def submit(running: Running, dataset: Dataset, collection: str) -> list[str]:
    """The ids of the jobs that will ingest the dataset: a sync of its folder, or uploads."""
    if dataset.folder is None:
        return upload(running, collection, dataset.documents)
    body = {"path": str(dataset.folder), "delete_missing": False}
    return [job_id(call(running, "POST", f"/v1/collections/{collection}/sync", body))]


def cancel(running: Running, jobs: Sequence[str]) -> None:
    """End the jobs, unless they have ended."""
    for job in jobs:
        running.client.post(f"/v1/jobs/{job}/cancel")
    wait_for(running, jobs)


def _counted(jobs: Sequence[dict[str, object]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for job in jobs:
        found = job.get("counts")
        counts.update(found if isinstance(found, dict) else {})
    return dict(counts)


def every_chunk(store: Store, collection: str, below: str = "") -> Iterator[Chunk]:
    """All searchable chunks of the documents whose source begins with `below`."""
    for record in store.documents.every(collection, status="ready"):
        if record.document.source.startswith(below):
            yield from store.chunks.of(record.document.id)


def passages_of(store: Store, collection: str, below: str = "") -> list[str]:
    """About what the encoder read of each chunk: headings and text."""
    found = every_chunk(store, collection, below)
    return [passage(" > ".join(chunk.headings), chunk.text) for chunk in found]


def some_documents(store: Store, collection: str) -> list[CorpusDocument]:
    """Ingested documents with their extracted texts, until they have AGAIN_CHUNKS chunks."""
    found: list[CorpusDocument] = []
    chunks = 0
    for record in store.documents.every(collection, status="ready"):
        one = record.document
        if one.source.startswith((AGAIN, SYNTHETIC)):
            continue
        if chunks >= AGAIN_CHUNKS:
            break
        chunks += record.chunks
        found.append(CorpusDocument(one.source, one.title, store.documents.text(one.id)))
    return found


def ingest_figure(done: Sequence[Ingested], chunks: int) -> list[Figure]:
    """A folder (parsed, split, embedded, stored) or uploads into an empty collection."""
    baseline = [one.baseline for one in done if one.baseline]
    if len(baseline) < len(done):  # not wanted, or an encoder without a forward pass
        return []
    tokens = baseline[0][0]
    runs, rates = tuple(tokens / one.seconds for one in done), tuple(rate for _, rate in baseline)
    seconds = median(one.seconds for one in done)
    notes = {
        "chunks": float(chunks),
        "tokens": float(tokens),
        "chunks/s": chunks / seconds,
        "files": float(done[0].counts.get("total", 0)),
        "failed": float(done[0].counts.get("failed", 0)),
    }
    return [
        Figure(
            "ingest",
            "into an empty collection",
            "tokens/s",
            "higher",
            runs,
            BASELINE,
            rates,
            notes=notes,
        )
    ]


def again_figure(
    running: Running,
    store: Store,
    collection: str,
    documents: Sequence[CorpusDocument],
    encoder: Encoder,
    plan: Plan,
    at: dict[str, int],
) -> list[Figure]:
    """Uploads into the filled collection: each repeat brings the documents anew, words shuffled."""
    runs, base, tokens = [], [], 0
    for repeat in range(plan.repeats):
        below = f"{AGAIN}/{at['chunks']}-{repeat}"
        texts = [_shuffled(one, below) for one in documents]
        started = perf_counter()
        wait_for(running, upload(running, collection, texts))
        seconds = perf_counter() - started
        found = encoded_rate(encoder, passages_of(store, collection, below))
        if found is None:
            return []
        tokens = found[0]
        runs.append(tokens / seconds)
        base.append(found[1])
    notes = {"documents": float(len(documents)), "tokens": float(tokens)}
    return [
        Figure(
            "ingest",
            "into the filled collection",
            "tokens/s",
            "higher",
            tuple(runs),
            BASELINE,
            tuple(base),
            at,
            notes=notes,
        )
    ]


def _shuffled(document: CorpusDocument, below: str) -> CorpusDocument:
    draw = random.Random(f"{below} {document.id}")
    lines = []
    for line in document.text.splitlines():
        words = line.split(" ")
        draw.shuffle(words)
        lines.append(" ".join(words))
    return CorpusDocument(f"{below}/{document.id}", document.title, "\n".join(lines))


def worker_memory(running: Running) -> tuple[float | None, float | None]:
    """Peaks of the worker itself and of the largest of its children, which parse; MiB."""
    worker = running.worker_pid()
    if worker is None:
        return None, None
    parsers = [peak_memory_mb(child) or 0.0 for child in children(worker)]
    return peak_memory_mb(worker), max(parsers, default=None)
