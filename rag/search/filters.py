"""The JSON form of a metadata filter, as the HTTP API and YAML pipelines take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from rag.errors import InvalidInput
from rag.types import And, Equals, Filter, In, Not, Or, Range, Scalar

_BOUNDS = ("gt", "gte", "lt", "lte")
_MAX_DEPTH = 20


def parse_filter(value: object) -> Filter | None:
    """Read `{"author": "x", "year": {"gte": 2020}, "lang": {"in": [...]}, "$or": [{...}], "$not": {...}}`.

    Several keys of one object must all hold, as with "$and". Bounds are numbers, or ISO 8601 strings.
    None and `{}` mean no filter. Raises InvalidInput (`invalid_filter`) with the path of what cannot be read.
    """
    if value is None or value == {}:
        return None
    return _object(value, "filters", 0)


def _object(value: object, path: str, depth: int) -> Filter:
    if depth > _MAX_DEPTH:
        _refuse(path, f"is nested deeper than {_MAX_DEPTH}")
    if not isinstance(value, Mapping):
        _refuse(path, "must be an object")
    parts = [_entry(key, item, f"{path}.{key}", depth) for key, item in value.items()]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _entry(key: object, value: object, path: str, depth: int) -> Filter:
    if not isinstance(key, str) or not key:
        _refuse(path, "needs a key that is a non-empty string")
    if key.startswith("$"):
        return _operator(key, value, path, depth)
    if isinstance(value, Mapping):
        return _comparison(key, value, path)
    return Equals(key, _scalar(value, path))


def _operator(key: str, value: object, path: str, depth: int) -> Filter:
    if key == "$not":
        return Not(_object(value, path, depth + 1))
    joins: dict[str, Callable[[tuple[Filter, ...]], Filter]] = {"$and": And, "$or": Or}
    if key not in joins:
        _refuse(path, "is no operator; there are $and, $or and $not")
    if not isinstance(value, list):
        _refuse(path, "must be a list of objects")
    return joins[key](tuple(_object(part, f"{path}[{n}]", depth + 1) for n, part in enumerate(value)))


def _comparison(key: str, value: Mapping[object, object], path: str) -> Filter:
    if set(value) == {"in"}:
        return _in(key, value["in"], path)
    if not value or not set(value) <= set(_BOUNDS):
        _refuse(path, 'must be a value, {"in": [...]} or bounds among gt, gte, lt, lte')
    bounds = {str(name): _bound(bound, f"{path}.{name}") for name, bound in value.items()}
    if len({isinstance(bound, str) for bound in bounds.values()}) > 1:
        _refuse(path, "mixes numbers and strings in its bounds")
    return Range(key, **bounds)


def _in(key: str, values: object, path: str) -> Filter:
    if not isinstance(values, list):
        _refuse(path, '"in" needs a list of values')
    return In(key, tuple(_scalar(item, f"{path}[{n}]") for n, item in enumerate(values)))


def _scalar(value: object, path: str) -> Scalar:
    if not isinstance(value, str | int | float | bool):
        _refuse(path, "must be a string, a number or a boolean")
    return value


def _bound(value: object, path: str) -> float | str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _refuse(path, "must be a number or a string")
    return value


def _refuse(path: str, complaint: str) -> NoReturn:
    raise InvalidInput(f"{path} {complaint}.", code="invalid_filter", details={"path": path})
