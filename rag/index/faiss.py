"""Dense search by FAISS: every vector while they are few, a graph over most of them once they are many.

Vectors are held in half precision, as in the store, so scores are exact in both cases. A large index is an
immutable HNSW graph (the *segment*) in front of a flat *tail* of what came later; deletions are marks that
searches skip. A new segment is built in the background when the tail or the share of the dead has grown
(`maintain`).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from threading import Event, Lock
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexMismatch
from rag.index import snapshot
from rag.index.catalogue import REMEMBERED, Catalogue, Ids
from rag.index.locks import SharedLock
from rag.index.types import Batch, Floats, IndexedChunk, IndexSpec, Scored, exact_top
from rag.types import Filter

_lib: Any = faiss  # its stubs lack what is used here
_HALF = _lib.ScalarQuantizer.QT_fp16
Segment = Any
Bits = NDArray[np.bool_]

LINKS = 16
"""Neighbours of a node on the graph's upper layers; twice as many on the lowest."""
BUILD_BREADTH = 100
SEARCH_BREADTH = 128
STALE_SHARE = 0.25
"""Share of a segment that may be dead, or stand in the tail, before it is built anew."""
SCAN_SHARE = 0.1
"""Filters that let through less than this are answered by scanning what they let through."""
SLICE = 1_000
"""Vectors added to a graph between two looks at whether to stop."""


@dataclass(slots=True)
class _Rows:
    """Vectors in the order of their rows: those of the segment first, then those of the tail."""

    tail: Any
    segment: Segment | None = None
    segment_file: str | None = None
    saved: int | None = None
    keys: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    owners: list[str] = field(default_factory=list)
    alive: Bits = field(default_factory=lambda: np.zeros(0, np.bool_))
    row_of: dict[int, int] = field(default_factory=dict)
    rows_of: dict[str, list[int]] = field(default_factory=dict)

    @property
    def sealed(self) -> int:
        return 0 if self.segment is None else int(self.segment.ntotal)

    @property
    def live(self) -> int:
        return len(self.row_of)


class FaissIndex:
    """A dense replica in memory, kept in `folder` (None: nowhere) from one `flush` to the next.

    Raises IndexMismatch when the folder holds an index of another model or collection.
    """

    def __init__(
        self, folder: Path | None, spec: IndexSpec, *, hnsw_threshold: int, threads: int = 1
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._threshold = hnsw_threshold
        self._threads = threads
        self._lock = SharedLock()
        self._building = Lock()
        self._saving = Lock()
        self._closing = Event()
        self._position = 0
        self._catalogue = Catalogue()
        self._rows = _Rows(_flat(spec.dimension))
        self._masks: dict[Ids, Bits] = {}
        self._load()

    @property
    def spec(self) -> IndexSpec:
        return self._spec

    @property
    def position(self) -> int:
        return self._position

    @property
    def sealed(self) -> int:
        """Rows in the graph, the dead ones included."""
        return self._rows.sealed

    def count(self) -> int:
        return self._rows.live

    def dense(self, vector: Floats, k: int, filters: Filter | None = None) -> list[Scored]:
        query = self._query(vector)
        with self._lock.shared():
            rows = self._rows
            if filters is None:
                mask, size = (None if rows.live == len(rows.keys) else rows.alive), rows.live
            else:
                mask = self._mask(self._catalogue.allowed(filters))
                size = int(mask.sum())
            return exact_top(lambda count: _search(rows, query, count, mask, size), k, size)

    def similarities(self, vector: Floats, keys: Sequence[int]) -> dict[int, float]:
        query = self._query(vector)
        with self._lock.shared():
            known = [key for key in keys if key in self._rows.row_of]
            if not known:
                return {}
            scores = _vectors(self._rows, [self._rows.row_of[key] for key in known]) @ query[0]
        return dict(zip(known, scores.tolist(), strict=True))

    def apply(self, batch: Batch) -> None:
        if batch.position <= self._position:
            return
        vectors = _stacked(batch.added, self._spec)
        with self._lock.exclusive():
            self._masks.clear()
            _bury(self._rows, {*batch.removed, *(chunk.document_id for chunk in batch.added)})
            self._catalogue.remove(batch.removed)
            self._catalogue.put(batch.documents)
            _append(self._rows, vectors, batch.added)
            self._position = batch.position
            if self._rows.segment is None and _mostly_dead(self._rows):
                self._rows = _compacted(self._rows, self._spec.dimension)

    def maintain(self) -> bool:
        """Build a new segment when it is due: seconds per ten thousand vectors."""
        with self._building:
            if not self._due():
                return False
            return self._reseal()

    def flush(self) -> None:
        if self._folder is None:
            return
        with self._saving:
            with self._lock.shared():
                rows = self._rows
                if rows.saved == self._position:
                    return
                rows.segment_file = rows.segment_file or _write_segment(self._folder, rows.segment)
                position = self._position
                documents = list(self._catalogue)
                payload = _encode(rows, snapshot.Manifest(self._spec, position, documents, rows.segment_file))
            snapshot.write(self._folder / "snapshot", payload)
            rows.saved = position
            self._drop_segments(rows.segment_file)

    def close(self, *, save: bool = True) -> None:
        self._closing.set()
        with self._building:  # a graph in the making is given up within a slice
            if save:
                self.flush()

    def _query(self, vector: Floats) -> Floats:
        query = np.ascontiguousarray(vector, np.float32).reshape(1, -1)
        if query.shape[1] != self._spec.dimension:
            raise IndexMismatch(
                f"The faiss index of collection {self._spec.collection!r} holds vectors of {self._spec.model}"
                f" with {self._spec.dimension} dimensions; the query has {query.shape[1]}."
            )
        return query

    def _mask(self, allowed: Ids) -> Bits:
        mask = self._masks.get(allowed)
        if mask is None:
            if len(self._masks) >= REMEMBERED:
                self._masks.clear()
            mask = np.zeros(len(self._rows.keys), np.bool_)
            mask[list(chain.from_iterable(self._rows.rows_of.get(one, ()) for one in allowed))] = True
            self._masks[allowed] = mask
        return mask

    def _due(self) -> bool:
        rows = self._rows
        tail = len(rows.keys) - rows.sealed
        if rows.segment is None:
            return tail >= self._threshold
        return tail >= max(self._threshold, STALE_SHARE * rows.sealed) or _mostly_dead(rows)

    def _reseal(self) -> bool:
        with self._lock.shared():
            taken = len(self._rows.keys)
            live = np.flatnonzero(self._rows.alive)
            vectors = _vectors(self._rows, live)
            old = self._rows
        segment = self._graph(vectors) if len(live) >= self._threshold else None
        if self._closing.is_set():
            return False
        with self._lock.exclusive():
            if self._rows is not old:  # compacted meanwhile: the row numbers no longer hold
                return False
            self._rows = _resealed(old, self._spec.dimension, live, vectors, segment, taken)
            self._masks.clear()
        return True

    def _graph(self, vectors: Floats) -> Segment:
        _lib.omp_set_num_threads(self._threads)  # of this thread only
        graph = _lib.IndexHNSWSQ(self._spec.dimension, _HALF, LINKS, _lib.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = BUILD_BREADTH
        graph.train(vectors[:1])
        for start in range(0, len(vectors), SLICE):
            if self._closing.is_set():
                break
            graph.add(vectors[start : start + SLICE])
        return graph

    def _load(self) -> None:
        if self._folder is None:
            return
        payload = snapshot.read(self._folder / "snapshot")
        if payload is None:
            return
        manifest, arrays = _decode(payload)
        snapshot.check_spec("faiss", manifest.spec, self._spec)
        segment = _read_segment(self._folder, manifest.segment)
        if segment is None and manifest.segment is not None:
            return
        self._rows = _restored(arrays, segment, manifest.segment, self._spec.dimension)
        self._catalogue = Catalogue(manifest.documents)
        self._position = self._rows.saved = manifest.position

    def _drop_segments(self, kept: str | None) -> None:
        assert self._folder is not None
        for path in self._folder.glob("segment-*"):
            if path.name != kept:
                path.unlink(missing_ok=True)


def _flat(dimension: int) -> Any:
    return _lib.IndexScalarQuantizer(dimension, _HALF, _lib.METRIC_INNER_PRODUCT)


def _stacked(chunks: Sequence[IndexedChunk], spec: IndexSpec) -> Floats:
    for chunk in chunks:
        if chunk.vector.shape != (spec.dimension,):
            raise IndexMismatch(
                f"A vector of shape {chunk.vector.shape} does not fit the faiss index of {spec.collection!r},"
                f" which holds {spec.model} with {spec.dimension} dimensions."
            )
    if not chunks:
        return np.zeros((0, spec.dimension), np.float32)
    return np.stack([chunk.vector for chunk in chunks]).astype(np.float32, copy=False)


def _append(rows: _Rows, vectors: Floats, chunks: Sequence[IndexedChunk]) -> None:
    if not chunks:
        return
    first = len(rows.keys)
    rows.tail.add(vectors)
    rows.keys = np.concatenate([rows.keys, np.array([chunk.key for chunk in chunks], np.int64)])
    rows.alive = np.concatenate([rows.alive, np.ones(len(chunks), np.bool_)])
    rows.owners.extend(chunk.document_id for chunk in chunks)
    _enter(rows, range(first, first + len(chunks)))


def _enter(rows: _Rows, which: Iterable[int]) -> None:
    for row in which:
        rows.row_of[int(rows.keys[row])] = row
        rows.rows_of.setdefault(rows.owners[row], []).append(row)


def _bury(rows: _Rows, documents: Iterable[str]) -> None:
    for document in documents:
        for row in rows.rows_of.pop(document, ()):
            rows.alive[row] = False
            del rows.row_of[int(rows.keys[row])]


def _mostly_dead(rows: _Rows) -> bool:
    return len(rows.keys) - rows.live > STALE_SHARE * len(rows.keys)


def _compacted(rows: _Rows, dimension: int) -> _Rows:
    live = np.flatnonzero(rows.alive)
    return _resealed(rows, dimension, live, _vectors(rows, live), None, len(rows.keys))


def _resealed(
    old: _Rows, dimension: int, live: NDArray[np.intp], vectors: Floats, segment: Segment | None, taken: int
) -> _Rows:
    """The rows `live` as the segment (without one, in the tail), then all after the first `taken`."""
    later = np.arange(taken, len(old.keys))
    order = np.concatenate([live, later])
    rows = _Rows(_flat(dimension), segment)
    if segment is None:
        rows.tail.add(vectors)
    if len(later):
        rows.tail.add(_vectors(old, later))
    rows.keys, rows.alive = old.keys[order], old.alive[order]
    rows.owners = [old.owners[row] for row in order]
    _enter(rows, np.flatnonzero(rows.alive).tolist())
    return rows


def _vectors(rows: _Rows, which: Sequence[int] | NDArray[np.intp]) -> Floats:
    """Vectors (len(which), dimension) of the given rows."""
    wanted = np.asarray(which, np.int64)
    sealed = rows.sealed
    dimension = int(rows.tail.d)
    found = np.empty((len(wanted), dimension), np.float32)
    early = wanted < sealed
    if early.any():
        found[early] = rows.segment.reconstruct_batch(wanted[early])  # type: ignore[union-attr]
    if not early.all():
        found[~early] = rows.tail.reconstruct_batch(wanted[~early] - sealed)
    return found


def _search(rows: _Rows, query: Floats, count: int, mask: Bits | None, size: int) -> list[Scored]:
    """About the best `count` rows that the mask lets through, `size` of them in all."""
    sealed = rows.sealed
    found: list[Scored] = []
    if rows.segment is not None:
        part = None if mask is None else mask[:sealed]
        scan = count > sealed * SCAN_SHARE or size < SCAN_SHARE * len(rows.keys)
        searched = _lib.downcast_index(rows.segment.storage) if scan else rows.segment
        found += _ask(searched, query, count, part, rows.keys[:sealed], graph=not scan)
    part = None if mask is None else mask[sealed:]
    found += _ask(rows.tail, query, count, part, rows.keys[sealed:], graph=False)
    return sorted(found, key=lambda scored: -scored.score)[:count]


def _ask(
    index: Any, query: Floats, count: int, mask: Bits | None, keys: NDArray[np.int64], *, graph: bool
) -> list[Scored]:
    if not len(keys) or (mask is not None and not mask.any()):
        return []
    # Of this thread. One query gains nothing by more threads, and waits for them on a busy machine.
    _lib.omp_set_num_threads(1)
    packed = None if mask is None else np.packbits(mask, bitorder="little")
    selector = None if packed is None else _lib.IDSelectorBitmap(len(packed), _lib.swig_ptr(packed))
    if graph:
        breadth = max(SEARCH_BREADTH, 2 * count)
        parameters: Any = _lib.SearchParametersHNSW(sel=selector, efSearch=breadth)
    else:
        parameters = _lib.SearchParameters(sel=selector)
    scores, places = index.search(query, min(count, len(keys)), params=parameters)
    hits = places[0] >= 0
    return [
        Scored(key, score)
        for key, score in zip(keys[places[0][hits]].tolist(), scores[0][hits].tolist(), strict=True)
    ]


def _encode(rows: _Rows, manifest: snapshot.Manifest) -> bytes:
    documents = {document.id: number for number, document in enumerate(manifest.documents)}
    packed = io.BytesIO()
    np.savez(
        packed,
        manifest=np.frombuffer(manifest.to_json(), np.uint8),
        keys=rows.keys,
        alive=np.packbits(rows.alive),
        # a dead row's document may be gone: it needs no owner
        owners=np.array([documents.get(owner, -1) for owner in rows.owners], np.int32),
        tail=_lib.vector_to_array(rows.tail.codes).view(np.float16),
    )
    return packed.getvalue()


def _decode(payload: bytes) -> tuple[snapshot.Manifest, dict[str, NDArray[Any]]]:
    with np.load(io.BytesIO(payload)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    manifest = snapshot.Manifest.from_json(arrays.pop("manifest").tobytes())
    names = np.array([document.id for document in manifest.documents] + [""], object)
    arrays["owners"] = names[arrays["owners"]]
    return manifest, arrays


def _restored(
    arrays: dict[str, NDArray[Any]], segment: Segment | None, file: str | None, dimension: int
) -> _Rows:
    rows = _Rows(_flat(dimension), segment, file)
    rows.tail.add(arrays["tail"].reshape(-1, dimension).astype(np.float32))
    rows.keys = arrays["keys"]
    rows.alive = np.unpackbits(arrays["alive"], count=len(rows.keys)).astype(np.bool_)
    rows.owners = arrays["owners"].tolist()
    _enter(rows, np.flatnonzero(rows.alive).tolist())
    return rows


def _write_segment(folder: Path, segment: Segment | None) -> str | None:
    if segment is None:
        return None
    payload = _lib.serialize_index(segment).tobytes()
    name = f"segment-{sha256(payload).hexdigest()[:16]}"
    snapshot.write(folder / name, payload)
    return name


def _read_segment(folder: Path, name: str | None) -> Segment | None:
    payload = None if name is None else snapshot.read(folder / name)
    return None if payload is None else _lib.deserialize_index(np.frombuffer(payload, np.uint8))
