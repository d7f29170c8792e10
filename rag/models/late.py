"""Late interaction: token vectors packed small, and MaxSim over many passages at once.

A passage's token vectors are pooled in neighbouring groups (after Clavié et al. 2024, "Reducing the
footprint of multi-vector retrieval"), scaled row by row to int8 and packed into one blob. MaxSim (Khattab
and Zaharia
2020, ColBERT) sums, over the query's tokens, the best similarity with any token of the passage.

Blob, little endian: "LI", uint8 version, uint8 unused, uint16 dimension, uint16 rows, float16 scale[rows],
int8 value[rows * dimension]; a row's vector is value * scale.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.models.types import Floats
from rag.types import Span, TokenMatch

VERSION = 1
_HEADER = struct.Struct("<2sBxHH")


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def pool(vectors: Floats, factor: int) -> Floats:
    """Unit-length means of `factor` neighbouring rows: [T,D] to [ceil(T / factor), D]."""
    if factor <= 1 or len(vectors) <= 1:
        return vectors
    sums = np.add.reduceat(vectors, np.arange(0, len(vectors), factor), axis=0)
    return unit(sums)


def pack(vectors: Floats) -> bytes:
    """Token vectors [T,D] to a blob; at most 65,535 rows and dimensions."""
    rows, dimension = vectors.shape
    scales = (np.abs(vectors).max(axis=1, initial=1e-6) / 127).astype("<f2")
    steps = np.maximum(scales.astype(np.float32), 1e-7)[:, None]
    values = np.clip(np.rint(vectors / steps), -127, 127).astype(np.int8)
    header = _HEADER.pack(b"LI", VERSION, dimension, rows)
    return b"".join((header, scales.tobytes(), values.tobytes()))


def _shape(blob: bytes) -> tuple[int, int]:
    if len(blob) < _HEADER.size:
        raise ModelError("Token vectors are cut off.", code="model_invalid")
    magic, version, dimension, rows = _HEADER.unpack_from(blob)
    if magic != b"LI" or version != VERSION or len(blob) != _HEADER.size + rows * (dimension + 2):
        raise ModelError("Token vectors are not in a format this version reads.", code="model_invalid")
    return rows, dimension


def _parts(blob: bytes) -> tuple[NDArray[np.float16], NDArray[np.int8]]:
    rows, dimension = _shape(blob)
    scales = np.frombuffer(blob, "<f2", rows, _HEADER.size)
    values = np.frombuffer(blob, np.int8, rows * dimension, _HEADER.size + 2 * rows)
    return scales, values.reshape(rows, dimension)


def rows(blob: bytes) -> int:
    """How many vectors a blob holds. Raises ModelError `model_invalid` for anything that is no such blob."""
    return _shape(blob)[0]


def unpack(blob: bytes) -> Floats:
    """A blob's token vectors [T,D]. Raises ModelError `model_invalid` for anything that is no such blob."""
    scales, values = _parts(blob)
    return np.asarray(values * scales.astype(np.float32)[:, None], np.float32)


def maxsim(query: Floats, blobs: Sequence[bytes]) -> Floats:
    """MaxSim of query token vectors [Q,D] with each packed passage, divided by Q: [len(blobs)], higher is
    better.

    One matrix product over all passages, then a maximum per passage; a passage without tokens scores 0.
    Raises ModelError `model_invalid` when the dimensions differ.
    """
    scores = np.zeros(len(blobs), np.float32)
    parts = [_parts(blob) for blob in blobs]
    filled = [i for i, (scales, _) in enumerate(parts) if len(scales)]
    if not filled or not len(query):
        return scores
    if any(parts[i][1].shape[1] != query.shape[1] for i in filled):
        raise ModelError("Query and passage token vectors differ in dimension.", code="model_invalid")
    values = np.concatenate([parts[i][1] for i in filled]).astype(np.float32)
    scales = np.concatenate([parts[i][0] for i in filled]).astype(np.float32)
    similarity = (values @ query.T) * scales[:, None]
    starts = np.cumsum([0] + [len(parts[i][0]) for i in filled[:-1]])
    scores[filled] = np.maximum.reduceat(similarity, starts, axis=0).mean(axis=1)
    return scores


def pooled_spans(spans: Sequence[Span | None], factor: int) -> list[Span | None]:
    """The spans of groups of `factor` neighbours, as `late.pool` groups their vectors."""
    return [_joined(spans[start : start + factor]) for start in range(0, len(spans), max(factor, 1))]


def _joined(spans: Sequence[Span | None]) -> Span | None:
    found = [span for span in spans if span is not None]
    return Span(found[0].start, found[-1].end) if found else None


def token_matches(
    query: Floats, spans: Sequence[Span | None], blob: bytes, passage: Sequence[Span | None]
) -> tuple[TokenMatch, ...]:
    """For each query token [Q,D] the packed vector of the passage that is most like it.

    `spans` has Q spans, `passage` one for each packed vector. The shares add up to `late.maxsim`. Empty for a
    passage without token vectors; raises ModelError `model_invalid` for a damaged blob.
    """
    vectors = unpack(blob)
    if not len(vectors) or not len(query):
        return ()
    similarity = query @ vectors.T
    best = similarity.argmax(axis=1)
    return tuple(
        TokenMatch(span, passage[place] if place < len(passage) else None, value, value / len(query))
        for span, place, value in zip(spans, best.tolist(), similarity.max(axis=1).tolist(), strict=True)
    )
