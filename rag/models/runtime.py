"""One small model on ONNX Runtime: its session, its tokenizer, and batches packed by token budget.

A weights folder holds model.onnx (float arithmetic), optionally model.int8.onnx (the same int8 weights
multiplied as integers, for processors with int8 dot products), tokenizer.json and config.json.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
    RuntimeException,
)
from tokenizers import Encoding, Tokenizer

from rag.errors import ModelError
from rag.models.types import Floats

Integers = NDArray[np.int64]
Precision = Literal["float", "int8"]
HASHED_FILES = ("config.json", "model.onnx", "tokenizer.json", "weights.bin")
PAD, UNKNOWN, CLS, SEP = 0, 100, 101, 102


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How models run: `threads` 0 means one per core; `batch_tokens` bounds rows × longest row of one pass.

    `precision` int8 multiplies integers where the folder has such a graph: faster on processors with int8 dot
    products, but activations are scaled over the whole batch, so a vector then depends a little (cosine .99)
    on the texts beside it. Float gives a text the same vector in any batch on any machine.
    """

    threads: int = 0
    precision: Precision = "float"
    batch_tokens: int = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence for the network: token ids and segment types, without padding."""

    ids: Sequence[int]
    types: Sequence[int]


def revision(folder: Path) -> str:
    """Twelve hex digits of SHA-256 over the weights folder's files; the same weights give the same revision
    anywhere.
    """
    digest = hashlib.sha256()
    for name in HASHED_FILES:
        path = folder / name
        if path.exists():
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def token_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Indices grouped longest first, so that rows × longest row stays within `budget` tokens (one row
    always fits).
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    for index in order:
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def load_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer without padding and truncation. Raises ModelError `model_invalid` if it cannot
    be read.
    """
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises bare Exception for any bad file
        raise ModelError(f"{folder}/tokenizer.json cannot be read: {error}", code="model_invalid") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


class Network:
    """A lazily loaded session with its tokenizer; safe to call from many threads."""

    def __init__(self, folder: Path, options: RuntimeOptions) -> None:
        self.folder = folder
        self._options = options
        self._lock = threading.Lock()
        self._session: onnxruntime.InferenceSession | None = None
        self._tokenizer: Tokenizer | None = None

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer, loaded at the first use."""
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = load_tokenizer(self.folder)
            return self._tokenizer

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The session, loaded at the first use. Raises ModelError `model_invalid` when the graph cannot be
        loaded.
        """
        with self._lock:
            if self._session is None:
                self._session = open_session(
                    graph_file(self.folder, self._options.precision), self._options.threads
                )
            return self._session

    def tokenize(self, texts: Sequence[str]) -> list[Encoding]:
        """Token ids and character offsets of each text, without special tokens and uncut."""
        found: list[Encoding] = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return found

    def tokenize_spans(self, texts: Sequence[str]) -> list[Encoding]:
        """Like `tokenize`, with character offsets."""
        found: list[Encoding] = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return found

    def run(self, rows: Sequence[Row]) -> list[tuple[Floats, ...]]:
        """Each row's outputs in the order of `rows`; an output with a token axis is cut to the row's own
        length.
        """
        results: dict[int, tuple[Floats, ...]] = {}
        per_token = [len(item.shape) > 1 and item.shape[1] == "tokens" for item in self.session.get_outputs()]
        for batch in token_batches([len(row.ids) for row in rows], self._options.batch_tokens):
            outputs = list(zip(self._pass([rows[i] for i in batch]), per_token, strict=True))
            for place, index in enumerate(batch):
                length = len(rows[index].ids)
                results[index] = tuple(out[place][:length] if cut else out[place] for out, cut in outputs)
        return [results[i] for i in range(len(rows))]

    def _pass(self, rows: Sequence[Row]) -> list[Floats]:
        width = max(len(row.ids) for row in rows)
        ids, mask, types = (np.zeros((len(rows), width), np.int64) for _ in range(3))
        for place, row in enumerate(rows):
            ids[place, : len(row.ids)] = row.ids
            mask[place, : len(row.ids)] = 1
            types[place, : len(row.ids)] = row.types
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        wanted = {item.name for item in self.session.get_inputs()}
        outputs: list[Floats] = self.session.run(
            None, {name: feeds[name] for name in feeds if name in wanted}
        )
        return outputs


def has_dot_products() -> bool:
    """Whether the processor multiplies int8 at once (VNNI, ARM dotprod); False where that cannot be told.

    Without them int8 gains little, and on x86 its sums may overflow 16 bits.
    """
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(flag in known.split() for flag in ("avx512_vnni", "avx_vnni", "asimddp"))


def graph_file(folder: Path, precision: Precision) -> Path:
    """The graph to load for a precision; the float graph where there is no int8 one."""
    integers = folder / "model.int8.onnx"
    return integers if precision == "int8" and integers.exists() else folder / "model.onnx"


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A CPU session with its threads set once and no busy waiting, which would starve the rest of the
    service.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    onnxruntime.disable_telemetry_events()
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile, RuntimeException) as error:
        raise ModelError(f"{path} cannot be loaded: {error}", code="model_invalid") from error
