"""Which live answers are sampled, and what is kept of one."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, Full, Queue

from jobs.periodic import run_periodically
from rag.errors import StoreError
from rag.settings import Settings
from rag.store import NewSample, PassageRef, SampledSentence, SampleTexts, Store
from rag.types import GROUNDED, Answer, Sentence

QUEUE = 256
"""Samples that may wait to be written; further ones are dropped and counted."""
_BATCH = 64
_PAUSE_S = 0.2
_PRUNE_S = 60.0
_MARKER = re.compile(r"\[(\d+)\]")

OnSample = Callable[[str, int], None]
"""Called with what became of some samples, `kept` or `dropped`, and how many."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """An answer that was just given. `at` is when."""

    request_id: str
    collection: str
    question: str
    answer: Answer
    at: datetime


def is_sampled(request_id: str, question: str, share: float) -> bool:
    """Whether this answer is of the `share` (0 to 1) that is sampled: the same in every process, by a hash.

    The question is in it for the sake of clients that send one request id for all they ask.
    """
    digest = hashlib.blake2b(f"{request_id}\0{question}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") < share * 2**64


def to_sample(live: Live) -> NewSample:
    """What is kept: the texts of question and response, the passages by reference, verdicts and times."""
    answer = live.answer
    passages = {hit.chunk.id: hit.chunk for hit in answer.hits}
    numbers = {chunk: number for number, chunk in enumerate(passages, start=1)}
    response, sentences = _renumbered(answer, {c.marker: numbers[c.chunk_id] for c in answer.citations})
    refs = tuple(PassageRef(one.document_id, one.ordinal, one.id) for one in passages.values())
    return NewSample(
        collection=live.collection,
        request_id=live.request_id,
        created_at=live.at,
        abstained=answer.abstained,
        reason=answer.reason,
        route=next((step.step for step in reversed(answer.route) if step.taken), "none"),
        supported=_supported(answer),
        timings=answer.timings,
        texts=SampleTexts(live.question, response, refs, sentences),
    )


def _supported(answer: Answer) -> float | None:
    labels = [sentence.verdict.label for sentence in answer.sentences if sentence.verdict]
    return sum(label in GROUNDED for label in labels) / len(labels) if labels else None


def _renumbered(answer: Answer, number: Mapping[int, int]) -> tuple[str, tuple[SampledSentence, ...]]:
    """The text with markers that count in the passages instead of the footnotes, and where its sentences are
    now.
    """
    text, position = "", 0
    sentences: list[SampledSentence] = []
    for sentence in answer.sentences:
        text += answer.text[position : sentence.start]
        start, position = len(text), sentence.end
        text += _with_numbers(sentence, number)
        verdict = sentence.verdict
        label, support = (verdict.label, verdict.support) if verdict else (None, None)
        sentences.append(SampledSentence(start, len(text), label, support))
    return text + answer.text[position:], tuple(sentences)


def _with_numbers(sentence: Sentence, number: Mapping[int, int]) -> str:
    def renumber(match: re.Match[str]) -> str:
        marker = int(match[1])
        return f"[{number[marker]}]" if marker in sentence.citations else match[0]

    return _MARKER.sub(renumber, sentence.text)


class Sampler:
    """Takes live answers, decides which of them are samples, and writes these in a thread of its own.

    Offering one costs a hash and a place in a queue: the caller neither waits for the store nor fails with
    it. Of a killed process the queue is lost. Safe to share between threads.
    """

    def __init__(self, settings: Settings, store: Store, on_samples: OnSample) -> None:
        self._settings = settings
        self._store = store
        self._on_samples = on_samples
        self._queue: Queue[Live] = Queue(QUEUE)
        self._batch: list[NewSample] = []
        self._retention = Retention(settings, store)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(
            target=run_periodically, args=(self._write, self._stop, _PAUSE_S), name="footnote-sampler"
        )
        self._thread.start()

    def offer(self, request_id: str, collection: str, question: str, answer: Answer) -> None:
        """Keep the answer if it is one of the sample and there is a place."""
        if not is_sampled(request_id, question, self._settings.online_share):
            return
        try:
            self._queue.put_nowait(Live(request_id, collection, question, answer, datetime.now(UTC)))
        except Full:
            self._on_samples("dropped", 1)

    @property
    def waiting(self) -> int:
        """Samples that are not written yet."""
        return self._queue.unfinished_tasks

    def close(self) -> None:
        """Write what waits, if the store can, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self._write()
        except StoreError as error:
            log.warning("%d samples are lost: %s", self.waiting, error.message)

    def _write(self) -> None:
        while self._fill():
            kept = self._store.samples.add(self._batch)
            self._on_samples("kept", kept)
            for _ in self._batch:
                self._queue.task_done()
            self._batch = []
        self._retention.hold()

    def _fill(self) -> bool:
        """Take what waits into the batch, which stays when the store could not be written."""
        while len(self._batch) < _BATCH:
            try:
                self._batch.append(to_sample(self._queue.get_nowait()))
            except Empty:
                break
        return bool(self._batch)


class Retention:
    """Deletes samples over their limits, once a minute."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._next = 0.0

    def hold(self) -> None:
        """Delete what is over the limits, unless that was just done."""
        if time.monotonic() < self._next:
            return
        since = datetime.now(UTC) - timedelta(days=self._settings.online_days)
        gone = self._store.samples.prune(self._settings.online_keep, since)
        self._next = time.monotonic() + _PRUNE_S
        if gone:
            log.info("%d samples of answers were over their limits and are deleted", gone)
