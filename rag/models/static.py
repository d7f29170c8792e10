"""The static encoder: a text's vector is the mean of its tokens' vectors, looked up in a table.

After Model2Vec (https://github.com/MinishLab/model2vec) with the weights of SIF (Arora, Liang and Ma 2017,
https://openreview.net/forum?id=SyK00v5xx) folded into the rows. No network runs, so a text costs about its
tokenisation, and word order and context count for nothing.

A weights folder holds config.json (`kind` static), tokenizer.json and weights.bin: float16 scale[V], then
int8 value[V, D], little endian; a token's vector is value · scale.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rag.errors import ModelError
from rag.models.config import Config, read_config
from rag.models.late import unit
from rag.models.runtime import UNKNOWN, load_tokenizer, revision
from rag.models.types import EncodedPassage, EncodedQuery, Floats, ModelInfo
from rag.types import Span

KIND = "static"
MOST_REPEATED = 8
"""How often a token counts in one text: without a limit rows of numbers drown the words beside them."""
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Table:
    """Token vectors in int8, one scale a row: `values` [V,D], `scales` [V]."""

    values: NDArray[np.int8]
    scales: NDArray[np.float16]

    def sums(self, rows: Sequence[Sequence[int]]) -> Floats:
        """The sum of the vectors of each row of token ids (none empty), a token counting at most
        MOST_REPEATED times: [len(rows), D].
        """
        counted = [np.unique(np.asarray(row, np.int64), return_counts=True) for row in rows]
        ids = np.concatenate([ids for ids, _ in counted])
        counts = np.minimum(np.concatenate([counts for _, counts in counted]), MOST_REPEATED)
        weights = self.scales[ids].astype(np.float32) * counts
        starts = np.cumsum([0, *(len(ids) for ids, _ in counted[:-1])])
        weighted = self.values[ids] * weights[:, None].astype(np.float32)
        return np.asarray(np.add.reduceat(weighted, starts, axis=0), np.float32)


def quantised(vectors: Floats) -> Table:
    """Vectors [V,D] in int8 with a scale a row."""
    scales = (np.abs(vectors).max(axis=1, initial=1e-6) / 127).astype("<f2")
    steps = np.maximum(scales.astype(np.float32), 1e-7)[:, None]
    return Table(np.clip(np.rint(vectors / steps), -127, 127).astype(np.int8), scales)


def read_table(folder: Path, vocabulary: int, dimension: int) -> Table:
    """The table of a weights folder. Raises ModelError `model_invalid` when it is not of this size."""
    path = folder / "weights.bin"
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error}", code="model_invalid") from error
    if len(blob) != vocabulary * (dimension + 2):
        raise ModelError(f"{path} holds no table of {vocabulary} × {dimension}.", code="model_invalid")
    scales = np.frombuffer(blob, "<f2", vocabulary)
    values = np.frombuffer(blob, np.int8, vocabulary * dimension, 2 * vocabulary)
    return Table(values.reshape(vocabulary, dimension), scales)


def write_table(table: Table, folder: Path) -> None:
    """Write FOLDER/weights.bin."""
    (folder / "weights.bin").write_bytes(table.scales.astype("<f2").tobytes() + table.values.tobytes())


def is_static(config: Config) -> bool:
    """Whether a weights folder holds a static encoder."""
    return config.values.get("kind") == KIND


class StaticEncoder:
    """A static encoder in a weights folder. It has no token vectors, so late interaction is skipped."""

    def __init__(self, name: str, folder: Path) -> None:
        config = read_config(folder)
        self._folder = folder
        self._vocabulary = config.get("vocabulary", int)
        self._dimension = config.get("dimension", int)
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Table] | None = None
        parameters, tokens = config.get("parameters", int), config.get("max_tokens", int)
        self._info = ModelInfo(name, revision(folder), "encoder", parameters, tokens, self._dimension)

    @property
    def info(self) -> ModelInfo:
        """Name, revision and sizes."""
        return self._info

    def encode_queries(self, texts: Sequence[str]) -> list[EncodedQuery]:
        """One unit vector (dimension,) for each text."""
        return [EncodedQuery(row, None) for row in self._encode(texts)]

    def encode_passages(self, texts: Sequence[str]) -> list[EncodedPassage]:
        """One unit vector (dimension,) for each text; text past `max_tokens` is not seen."""
        return [EncodedPassage(row, None) for row in self._encode(texts)]

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of the text's tokens, uncut and without special tokens."""
        found: list[tuple[int, int]] = self._model()[0].encode(text, add_special_tokens=False).offsets
        return found

    def query_spans(self, text: str) -> list[Span | None]:
        """None: it has no token vectors."""
        return []

    def passage_spans(self, text: str) -> list[Span | None]:
        """None: it has no token vectors."""
        return []

    def _encode(self, texts: Sequence[str]) -> list[Floats]:
        tokenizer, table = self._model()
        found: list[Floats] = []
        for start in range(0, len(texts), _AT_ONCE):
            part = list(texts[start : start + _AT_ONCE])
            encoded = tokenizer.encode_batch_fast(part, add_special_tokens=False)
            rows = [item.ids[: self._info.max_tokens] or [UNKNOWN] for item in encoded]
            found += [row.copy() for row in unit(table.sums(rows))]
        return found

    def _model(self) -> tuple[Tokenizer, Table]:
        with self._lock:
            if self._loaded is None:
                table = read_table(self._folder, self._vocabulary, self._dimension)
                self._loaded = load_tokenizer(self._folder), table
            return self._loaded
