"""Dense and lexical search by a Qdrant server (or the client's local mode): one Qdrant collection holds both.

A point is a chunk: its key is the id, `dense` its vector, `bm25` its words weighted for BM25 with the inverse
document frequency left to the server, its payload the document's metadata. One more point, without vectors,
records the model and how far the log was applied.

Different from Tantivy: the average length in BM25 is a constant, as it is not known when a chunk is weighted,
and dense search on a server is approximate once a segment is large enough for Qdrant to build a graph over
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock, RLock
from typing import TypeVar

from filelock import Timeout
from pydantic import ValidationError
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from rag.errors import IndexMismatch, IndexUnavailable
from rag.files import file_lock
from rag.index import snapshot
from rag.index.filters import instant
from rag.index.qdrant_payload import (
    bm25_weights,
    escaped,
    metadata_payload,
    pieces,
    query_weights,
    term_number,
)
from rag.index.replica import Replica
from rag.index.tantivy import Analyzer, Term
from rag.index.types import Batch, Floats, IndexedChunk, IndexSpec, Scored, TermScore, exact_top
from rag.settings import Settings
from rag.store import Store
from rag.types import And, Collection, Equals, Filter, In, Not, Or, Range, Scalar

T = TypeVar("T")

MARKER = "00000000-0000-0000-0000-000000000001"
"""Id of the point that records the model and the position; keys are integers, so it is no chunk's."""
UPLOAD = 256
"""Points in a request: a megabyte or two."""
PATIENCE_S = 0.1
"""How long a batch waits for another process of this machine that is writing one."""
TIMEOUT_S = 10

CHUNKS = models.Filter(must=[models.HasVectorCondition(has_vector="dense")])
NEVER = models.HasIdCondition(has_id=[])


@dataclass(frozen=True, slots=True)
class Connection:
    """A client, and a lock for its local mode, which knows nothing of threads."""

    client: QdrantClient
    place: str
    local: bool
    turn: RLock

    @classmethod
    def open(cls, place: str, key: str | None = None) -> Connection:
        """Connect to `http://HOST:PORT`, or open `:memory:` or a folder; a server is not asked anything yet.

        Raises IndexUnavailable `index_locked` when another process has the folder open.
        """
        if place.startswith(("http://", "https://")):
            client = QdrantClient(url=place, api_key=key, timeout=TIMEOUT_S, check_compatibility=False)
            return cls(client, place, False, RLock())
        try:
            in_memory = place == ":memory:"
            client = (
                QdrantClient(place)
                if in_memory
                else QdrantClient(path=place, force_disable_check_same_thread=True)
            )
        except RuntimeError as error:
            raise IndexUnavailable(
                f"The index at {place} is in use by another process.", code="index_locked"
            ) from error
        return cls(client, place, True, RLock())

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def ask(self, call: Callable[[QdrantClient], T]) -> T:
        """Put one request; raises IndexUnavailable."""
        try:
            with self.turn if self.local else nullcontext():
                return call(self.client)
        except ResponseHandlingException as error:
            raise self._unavailable(f"cannot be reached: {error}") from error
        except ResourceExhaustedResponse as error:
            raise self._unavailable(f"is overloaded: {error}") from error
        except UnexpectedResponse as error:
            code = "index_lost" if error.status_code == 404 else None
            raise self._unavailable(f"answered {error.status_code} {error.reason_phrase}", code) from error
        except ValueError as error:
            if not self.local or "not found" not in str(error):
                raise
            raise self._unavailable(f"answered: {error}", "index_lost") from error

    def _unavailable(self, what: str, code: str | None = None) -> IndexUnavailable:
        return IndexUnavailable(f"The Qdrant server at {self.place} {what}.", code=code)


class QdrantIndex:
    """A dense and lexical replica in one Qdrant collection, shared by all processes on the store.

    `lock` is a file that the processes of one machine hold while they write. Processes on other machines may
    write as well: they do the same work, and as every point has its key, come to the same result. Raises
    IndexMismatch when the collection was made for another model, IndexUnavailable without a server.
    """

    def __init__(
        self, connection: Connection, spec: IndexSpec, *, language: str = "english", lock: Path | None = None
    ) -> None:
        self._connection = connection
        self._spec = spec
        self._analyzer = Analyzer(language)
        self._lock = lock
        self._applying = Lock()
        self._name = qdrant_name(spec)
        self._position = 0
        self._alone = True
        self._lost = False
        self._open()

    @property
    def spec(self) -> IndexSpec:
        return self._spec

    @property
    def position(self) -> int:
        return self._position

    def count(self) -> int:
        return int(self._ask(lambda client: client.count(self._name, CHUNKS, exact=True)).count)

    def dense(self, vector: Floats, k: int, filters: Filter | None = None) -> list[Scored]:
        query = self._query(vector)
        return exact_top(lambda count: self._nearest(query, count, _translated(filters)), k, self._size(k))

    def similarities(self, vector: Floats, keys: Sequence[int]) -> dict[int, float]:
        found = self._nearest(self._query(vector), len(keys), _those(keys)) if keys else []
        return {scored.key: scored.score for scored in found}

    def lexical(self, text: str, k: int, filters: Filter | None = None) -> list[Scored]:
        terms = self._analyzer.terms(text)
        if not terms:
            return []
        return exact_top(lambda count: self._best(terms, count, _translated(filters)), k, self._size(k))

    def has_field(self, key: str) -> bool:
        empty = models.IsEmptyCondition(is_empty=models.PayloadField(key=f"metadata.{escaped(key)}"))
        wanted = models.Filter(must=[models.HasVectorCondition(has_vector="dense")], must_not=[empty])
        found, _ = self._ask(lambda client: client.scroll(self._name, wanted, limit=1, with_payload=False))
        return bool(found)

    def term_scores(self, text: str, keys: Sequence[int]) -> dict[int, tuple[TermScore, ...]]:
        """One request for the chunks' weights and one for each word: only the server knows its idf."""
        if not keys:
            return {}
        weights = self._weights(keys)
        scores: dict[int, tuple[TermScore, ...]] = dict.fromkeys(weights, ())
        for term in self._analyzer.terms(text):
            number = term_number(term.stem)
            for found in self._best([term], len(keys), _those(keys)):
                tf = weights.get(found.key, {}).get(number, 0.0)
                if tf:
                    idf = found.score / (tf * term.count)
                    scored = TermScore(term.stem, term.word, found.score, term.count, idf, tf)
                    scores[found.key] = (*scores[found.key], scored)
        return scores

    def vocabulary(self) -> None:
        """None: the server knows words by numbers alone."""
        return

    def _weights(self, keys: Sequence[int]) -> dict[int, dict[int, float]]:
        """Of each of these chunks the weights of its words by term number."""
        records = self._ask(lambda client: client.retrieve(self._name, list(keys), with_vectors=["bm25"]))
        vectors = {
            int(record.id): record.vector.get("bm25") if isinstance(record.vector, dict) else None
            for record in records
        }
        return {
            key: dict(zip(vector.indices, vector.values, strict=True))
            if isinstance(vector, models.SparseVector)
            else {}
            for key, vector in vectors.items()
        }

    def apply(self, batch: Batch) -> None:
        """Apply the batch, or nothing while another process of this machine is writing one."""
        if batch.position <= self._position:
            return
        with self._applying, self._turn() as mine:
            self._reopen()
            before, expected = self._recorded(), self._position
            if self._alone:
                self._position = before
            if mine and expected <= self._position < batch.position:
                self._write(batch)
                # Another machine wrote meanwhile: what it did is not behind what this process did, nor ahead
                # of it. From now on this process applies every change itself, so that the newest state comes
                # last.
                self._alone = self._alone and self._recorded() == before
                self._record(batch.position)

    def maintain(self) -> bool:
        """The server keeps house by itself."""
        return False

    def flush(self) -> None:
        """Every write is acknowledged by the server before `apply` returns."""

    def close(self, *, save: bool = True) -> None:
        """The connection is the owner's to close."""

    def drop(self) -> None:
        """Delete the Qdrant collection."""
        self._ask(lambda client: client.delete_collection(self._name))

    def _open(self) -> None:
        if not self._ask(lambda client: client.collection_exists(self._name)):
            self._create()
        self._position = self._recorded()

    def _reopen(self) -> None:
        if self._lost:
            self._open()
            self._lost = False

    def _create(self) -> None:
        dense = models.VectorParams(
            size=self._spec.dimension, distance=models.Distance.DOT, datatype=models.Datatype.FLOAT16
        )
        sparse = models.SparseVectorParams(modifier=models.Modifier.IDF)
        try:
            self._ask(
                lambda client: client.create_collection(
                    self._name, vectors_config={"dense": dense}, sparse_vectors_config={"bm25": sparse}
                )
            )
        except IndexUnavailable:
            if not self._ask(lambda client: client.collection_exists(self._name)):
                raise  # else another process was faster
        if not self._connection.local:
            self._index_payload("document_id", models.PayloadSchemaType.KEYWORD)
            self._index_payload("position", models.PayloadSchemaType.INTEGER)

    def _index_payload(self, field: str, kind: models.PayloadSchemaType) -> None:
        self._ask(lambda client: client.create_payload_index(self._name, field, kind))

    def _recorded(self) -> int:
        """The position that the server has; raises IndexMismatch when the collection is not this index's."""
        found = self._ask(lambda client: client.retrieve(self._name, [MARKER], with_payload=True))
        if not found:
            return 0
        try:
            manifest = snapshot.Manifest.from_plain((found[0].payload or {}).get("manifest"))
        except ValidationError as error:
            raise IndexMismatch(
                f"The Qdrant collection {self._name!r} was not made by this version.", code="index_foreign"
            ) from error
        snapshot.check_spec("qdrant", manifest.spec, self._spec)
        if manifest.segment != self._analyzer.name:
            raise IndexMismatch(
                f"The Qdrant collection {self._name!r} holds words of {manifest.segment!r}, "
                f"not of {self._analyzer.name!r}."
            )
        return manifest.position

    def _record(self, position: int) -> None:
        manifest = snapshot.Manifest(self._spec, position, segment=self._analyzer.name)
        point = models.PointStruct(id=MARKER, vector={}, payload={"manifest": manifest.to_plain()})
        self._ask(partial(_upsert, name=self._name, points=[point]))
        self._position = position

    def _write(self, batch: Batch) -> None:
        """First what is new, then away with what is older: a search meanwhile finds either, not nothing."""
        documents = {document.id: metadata_payload(document) for document in batch.documents}
        for part in _parts(batch.added, UPLOAD):
            points = [self._point(chunk, documents[chunk.document_id], batch.position) for chunk in part]
            self._ask(partial(_upsert, name=self._name, points=points))
        touched = sorted({*batch.removed, *(chunk.document_id for chunk in batch.added)})
        for ids in _parts(touched, UPLOAD):
            older = models.FilterSelector(filter=_older(ids, batch.position))
            self._ask(partial(_delete, name=self._name, which=older))

    def _point(self, chunk: IndexedChunk, metadata: object, position: int) -> models.PointStruct:
        if chunk.vector.shape != (self._spec.dimension,):
            raise self._misfit(chunk.vector)
        weights = bm25_weights(self._analyzer.stems(chunk.text))
        vector = {"dense": chunk.vector.tolist(), "bm25": _sparse(weights)}
        payload = {"document_id": chunk.document_id, "position": position, "metadata": metadata}
        return models.PointStruct(id=chunk.key, vector=vector, payload=payload)

    def _query(self, vector: Floats) -> list[float]:
        if vector.shape != (self._spec.dimension,):
            raise self._misfit(vector)
        return [float(number) for number in vector]

    def _misfit(self, vector: Floats) -> IndexMismatch:
        return IndexMismatch(
            f"A vector of shape {vector.shape} does not fit the qdrant index of {self._spec.collection!r}, "
            f"which holds {self._spec.model} with {self._spec.dimension} dimensions."
        )

    def _nearest(self, query: list[float], count: int, filters: models.Filter | None) -> list[Scored]:
        found = self._ask(
            lambda client: client.query_points(
                self._name, query, using="dense", limit=count, query_filter=filters, with_payload=False
            )
        )
        return [Scored(int(point.id), point.score) for point in found.points]

    def _best(self, terms: Sequence[Term], count: int, filters: models.Filter | None) -> list[Scored]:
        query = _sparse(query_weights({term.stem: term.count for term in terms}))
        found = self._ask(
            lambda client: client.query_points(
                self._name,
                query,
                using="bm25",
                limit=count,
                query_filter=filters,
                with_payload=False,
                with_vectors=["bm25"],
            )
        )
        numbers = [(term_number(term.stem), term.word) for term in terms]
        return [Scored(int(point.id), point.score, _matched(point, numbers)) for point in found.points]

    def _size(self, k: int) -> int:
        """How many chunks there may be: counted only for a k so large that it might matter."""
        return self.count() if k > 1000 else 10_000

    def _ask(self, call: Callable[[QdrantClient], T]) -> T:
        try:
            return self._connection.ask(call)
        except IndexUnavailable as error:
            if error.code == "index_lost":  # the log is applied again from its start
                self._lost, self._position = True, 0
            raise

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Whether this process may write now: it waits a moment for another one of this machine."""
        if self._lock is None:
            yield True
            return
        lock = file_lock(self._lock)
        try:
            with snapshot.index_errors(self._lock), suppress(Timeout):
                lock.acquire(PATIENCE_S, poll_interval=0.01, blocking=True)
            yield lock.is_locked
        finally:
            lock.release()


class QdrantServer:
    """Keeps the replicas of every process on the store in one Qdrant server."""

    name = "qdrant"

    def __init__(self, settings: Settings) -> None:
        key = settings.index_key
        Analyzer(settings.language)  # a language without a stemmer is refused at the start
        self._connection = Connection.open(
            settings.index.removeprefix("qdrant+"), None if key is None else key.get_secret_value()
        )
        self._language = settings.language
        self._locks = settings.data / "index"

    def open(self, store: Store, spec: IndexSpec) -> Replica:
        """The collection's replica, emptied first when it is not of this model."""
        try:
            index = self._index(spec)
        except IndexMismatch:
            self._connection.ask(lambda client: client.delete_collection(qdrant_name(spec)))
            index = self._index(spec)
        return Replica(store, index, index, {"qdrant": index})

    def discard(self, replica: Replica) -> None:
        """Delete the replica's Qdrant collection."""
        replica.close(save=False)
        self._connection.ask(lambda client: client.delete_collection(qdrant_name(replica.spec)))

    def sweep(self, collections: Sequence[Collection]) -> None:
        """Nothing: what another collection on the server is, this process cannot tell."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _index(self, spec: IndexSpec) -> QdrantIndex:
        lock = self._locks / f"{qdrant_name(spec)}.lock"
        return QdrantIndex(self._connection, spec, language=self._language, lock=lock)


def qdrant_name(spec: IndexSpec) -> str:
    """The Qdrant collection of a collection: readable, and no other store's."""
    parts = ("footnote", spec.collection, spec.uid, f"g{spec.generation}" if spec.generation else "")
    return "-".join(part for part in parts if part)


def _upsert(client: QdrantClient, name: str, points: list[models.PointStruct]) -> None:
    client.upsert(name, points, wait=True)


def _delete(client: QdrantClient, name: str, which: models.FilterSelector) -> None:
    client.delete(name, which, wait=True)


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _sparse(weights: dict[int, float]) -> models.SparseVector:
    return models.SparseVector(indices=list(weights), values=list(weights.values()))


def _matched(point: models.ScoredPoint, numbers: Iterable[tuple[int, str]]) -> tuple[str, ...]:
    vector = point.vector.get("bm25") if isinstance(point.vector, dict) else None
    there = set(vector.indices) if isinstance(vector, models.SparseVector) else set()
    return tuple(word for number, word in numbers if number in there)


def _those(keys: Sequence[int]) -> models.Filter:
    return models.Filter(must=[models.HasIdCondition(has_id=list(keys))])


def _older(documents: Sequence[str], position: int) -> models.Filter:
    """Chunks of these documents that a batch before this position wrote."""
    return models.Filter(
        must=[
            models.FieldCondition(key="document_id", match=models.MatchAny(any=list(documents))),
            models.FieldCondition(key="position", range=models.Range(lt=position)),
        ]
    )


def _translated(filters: Filter | None) -> models.Filter | None:
    return None if filters is None else _all([_condition(filters)])


def _condition(filters: Filter) -> models.Condition:
    match filters:
        case Equals(key, value):
            return _equals(key, value)
        case In(key, values):
            return _any([_equals(key, value) for value in values])
        case Range(key):
            return _range(filters)
        case And(parts):
            return _all([_condition(part) for part in parts])
        case Or(parts):
            return _any([_condition(part) for part in parts])
        case Not(part):
            return models.Filter(must_not=[_condition(part)])


def _all(conditions: list[models.Condition]) -> models.Filter:
    return models.Filter(must=conditions)


def _any(conditions: list[models.Condition]) -> models.Filter:
    """With nothing in it, Qdrant would let everything through."""
    return models.Filter(should=conditions or [NEVER])


def _equals(key: str, value: Scalar) -> models.Condition:
    if isinstance(value, bool):
        return models.FieldCondition(key=_path(key, "bool"), match=models.MatchValue(value=value))
    if isinstance(value, str):
        return models.FieldCondition(key=_path(key, "text"), match=models.MatchValue(value=value))
    return models.FieldCondition(key=_path(key, "number"), range=models.Range(gte=value, lte=value))


def _range(bounds: Range) -> models.Condition:
    limits = (("gt", bounds.gt), ("gte", bounds.gte), ("lt", bounds.lt), ("lte", bounds.lte))
    conditions = [_bounded(bounds.key, how, limit) for how, limit in limits if limit is not None]
    return _all(conditions or [NEVER])


def _bounded(key: str, how: str, limit: float | str) -> models.Condition:
    if not isinstance(limit, str):
        return models.FieldCondition(key=_path(key, "number"), range=models.Range(**{how: limit}))
    moment = instant(limit)
    if moment is None:
        return _text_bounded(key, how, limit)
    path = _path(key, "instant")
    no_date = models.IsEmptyCondition(is_empty=models.PayloadField(key=path))
    return _any(
        [
            models.FieldCondition(key=path, range=models.Range(**{how: moment})),
            _all([no_date, _text_bounded(key, how, limit)]),
        ]
    )


def _text_bounded(key: str, how: str, limit: str) -> models.Condition:
    order = pieces(limit)
    side = how[:2]
    ways: list[models.Condition] = [
        _all([*_same(key, order[:place]), _piece(key, place, **{side: order[place]})])
        for place in range(len(order))
    ]
    return _any([*ways, _all(_same(key, order))] if how.endswith("e") else ways)


def _same(key: str, order: Sequence[int]) -> list[models.Condition]:
    return [_piece(key, place, gte=piece, lte=piece) for place, piece in enumerate(order)]


def _piece(key: str, place: int, **bounds: float) -> models.Condition:
    return models.FieldCondition(key=_path(key, f"order.{place}"), range=models.Range(**bounds))


def _path(key: str, kind: str) -> str:
    return f"metadata.{escaped(key)}.{kind}"
