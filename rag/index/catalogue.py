"""The metadata of an embedded index's documents, in memory, and which of them a filter lets through."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Lock

from rag.index.filters import field, typed, values, within
from rag.types import And, Document, Equals, Filter, In, Not, Or, Range, Scalar

Ids = frozenset[str]
Column = dict[tuple[str, Scalar], set[str]]
REMEMBERED = 64
"""Filters whose outcome is kept until the documents change."""


class Catalogue:
    """Documents by id. A column (value to ids) is built when a filter first names its key, then kept up.

    Lists and scalars meet in one column, so ranges look the documents' own values up again.
    """

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents: dict[str, Document] = {}
        self._columns: dict[str, Column] = {}
        self._known: OrderedDict[str, Ids] = OrderedDict()
        self._lock = Lock()
        self.put(documents)

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._documents.values()))

    def __contains__(self, document_id: str) -> bool:
        return document_id in self._documents

    def put(self, documents: Iterable[Document]) -> None:
        """Add documents, or replace those with the same id; their pages are not kept."""
        with self._lock:
            self._known.clear()
            for document in documents:
                self._drop(document.id)
                self._documents[document.id] = replace(document, pages=())
                for key, column in self._columns.items():
                    _enter(column, key, document)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget documents; unknown ids are passed over."""
        with self._lock:
            self._known.clear()
            for document_id in ids:
                self._drop(document_id)

    def allowed(self, filters: Filter) -> Ids:
        """The ids of the documents that match."""
        with self._lock:
            key = repr(
                filters
            )  # not the filter itself: 1, 1.0 and True are equal keys, yet not equal filters
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = frozenset(self._evaluate(filters))
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            return found

    def has(self, key: str) -> bool:
        """Whether a document has a value behind this key."""
        with self._lock:
            return bool(self._column(key))

    def _drop(self, document_id: str) -> None:
        document = self._documents.pop(document_id, None)
        if document is not None:
            for key, column in self._columns.items():
                _leave(column, key, document)

    def _column(self, key: str) -> Column:
        if key not in self._columns:
            column: Column = {}
            for document in self._documents.values():
                _enter(column, key, document)
            self._columns[key] = column
        return self._columns[key]

    def _evaluate(self, filters: Filter) -> set[str]:
        match filters:
            case Equals(key, value):
                return set(self._column(key).get(typed(value), ()))
            case In(key, wanted):
                column = self._column(key)
                return set().union(*(column.get(typed(value), ()) for value in wanted))
            case Range(key):
                return self._in_range(key, filters)
            case And(parts):
                return set(self._documents).intersection(*map(self._evaluate, parts))
            case Or(parts):
                return set().union(*map(self._evaluate, parts))
            case Not(part):
                return set(self._documents) - self._evaluate(part)

    def _in_range(self, key: str, bounds: Range) -> set[str]:
        candidates = set().union(
            *(ids for (_, value), ids in self._column(key).items() if within(value, bounds))
        )
        return {one for one in candidates if within(field(self._documents[one], key), bounds)}


def _enter(column: Column, key: str, document: Document) -> None:
    for value in values(field(document, key)):
        column.setdefault(typed(value), set()).add(document.id)


def _leave(column: Column, key: str, document: Document) -> None:
    for value in values(field(document, key)):
        ids = column.get(typed(value), set())
        ids.discard(document.id)
        if not ids:
            column.pop(typed(value), None)
