"""What ONNX Runtime alone does with the encoder's graph: the bound that the benchmark's figures are set
beside.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.models.registry import model_folder
from rag.models.runtime import graph_file
from rag.settings import Settings

BATCH, LENGTH, QUERY_LENGTH = 32, 128, 16
LEAST_S = 3.0
QUERIES = 100
WORDS = (1000, 20_000)  # token ids of whole words in the vocabulary


@dataclass(frozen=True, slots=True)
class Raw:
    """Tokens a second in full batches without padding, and the median milliseconds of one short query."""

    model: str
    graph: str
    threads: int
    batch: int
    length: int
    tokens_per_second: float
    query_ms: float


def measure_raw(settings: Settings, *, least_s: float = LEAST_S) -> Raw:
    """Forward passes on random token ids, for at least `least_s` seconds: no tokenizer, no pooling, no
    store.

    ONNX Runtime has its own defaults except for the number of threads, which is the service's. Raises
    ModelError `model_invalid` for an encoder on torch.
    """
    folder = model_folder(settings.encoder, settings)
    if folder is None:
        raise ModelError(f"{settings.encoder} does not run on ONNX Runtime.", code="model_invalid")
    path = graph_file(folder, "float")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    passes = _passes_per_second(session, least_s)
    query = median(_seconds(session, _feeds(session, 1, QUERY_LENGTH)) for _ in range(QUERIES))
    return Raw(
        settings.encoder, path.name, settings.threads, BATCH, LENGTH, passes * BATCH * LENGTH, 1000 * query
    )


def _passes_per_second(session: onnxruntime.InferenceSession, least_s: float) -> float:
    feeds = _feeds(session, BATCH, LENGTH)
    _seconds(session, feeds)  # the first pass allocates
    spent: list[float] = []
    while sum(spent) < least_s:
        spent.append(_seconds(session, feeds))
    return len(spent) / sum(spent)


def _feeds(session: onnxruntime.InferenceSession, rows: int, length: int) -> dict[str, NDArray[np.int64]]:
    ids = np.random.default_rng(0).integers(*WORDS, (rows, length), dtype=np.int64)
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    return {given.name: feeds[given.name] for given in session.get_inputs()}


def _seconds(session: onnxruntime.InferenceSession, feeds: dict[str, NDArray[np.int64]]) -> float:
    started = time.perf_counter()
    session.run(None, feeds)
    return time.perf_counter() - started
