"""Haystack's metadata filters in the terms of ours, for search; and ours as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from haystack.errors import FilterError

from rag.search.filters import parse_filter
from rag.types import And, Equals, Filter, In, Not, Or, Range, Scalar

_BOUNDS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def search_filter(filters: Mapping[str, Any] | None) -> Filter | None:
    """A filter of either kind: Haystack's (`{"field", "operator", "value"}`, `{"operator", "conditions"}`) or
    ours (see rag.search.filters).

    Raises FilterError for one of Haystack's that search cannot carry out: nested fields, None, dates that are
    no ISO strings.
    """
    if not filters:
        return None
    if "operator" not in filters and "field" not in filters and "conditions" not in filters:
        return parse_filter(filters)
    return _node(filters)


def _node(node: Mapping[str, Any]) -> Filter:
    if "operator" not in node:
        raise FilterError(f"'operator' key missing in {node}")
    return _comparison(node) if "field" in node else _logic(node)


def _logic(node: Mapping[str, Any]) -> Filter:
    if "conditions" not in node:
        raise FilterError(f"'conditions' key missing in {node}")
    parts = tuple(_node(part) for part in node["conditions"])
    joins: dict[str, Callable[[tuple[Filter, ...]], Filter]] = {
        "AND": And,
        "OR": Or,
        "NOT": lambda several: Not(And(several)),
    }
    if node["operator"] not in joins:
        raise FilterError(f"Unknown logical operator {node['operator']!r}.")
    return joins[node["operator"]](parts)


def _comparison(node: Mapping[str, Any]) -> Filter:
    if "value" not in node:
        raise FilterError(f"'value' key missing in {node}")
    key, operator, value = _key(node["field"]), node["operator"], node["value"]
    if operator in _BOUNDS:
        return Range(key, **{_BOUNDS[operator]: _bound(value)})
    if operator in ("==", "!="):
        same = Equals(key, _scalar(value))
        return same if operator == "==" else Not(same)
    if operator in ("in", "not in"):
        if not isinstance(value, list):
            raise FilterError("The operators 'in' and 'not in' need a list.")
        among = In(key, _scalars(value))
        return among if operator == "in" else Not(among)
    raise FilterError(f"Unknown comparison operator {operator!r}.")


def _key(field: str) -> str:
    """Our key for Haystack's field; a document's id is our source."""
    key = field.removeprefix("meta.")
    if "." in key or key in ("content", "embedding", "score"):
        raise FilterError(f"Search cannot filter by {field!r}; filter_documents can.")
    return "source" if field == "id" else key


def _scalar(value: object) -> Scalar:
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str | int | float):
        raise FilterError(f"Search cannot compare with {value!r}; filter_documents can.")
    return value


def _scalars(values: Sequence[object]) -> tuple[Scalar, ...]:
    return tuple(_scalar(value) for value in values)


def _bound(value: object) -> float | str:
    """A number, or a date as ISO text; Haystack allows no other text either."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FilterError(f"The operators >, >=, <, <= cannot compare with {value!r}.")
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise FilterError(f"Strings are compared as ISO dates only, which {value!r} is not.") from None
    return value
