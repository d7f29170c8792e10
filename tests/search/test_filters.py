"""The JSON form of filters."""

from __future__ import annotations

import pytest

from rag.errors import InvalidInput
from rag.search.filters import parse_filter
from rag.types import And, Equals, Filter, In, Not, Or, Range


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ({}, None),
        ({"author": "x"}, Equals("author", "x")),
        ({"draft": False, "n": 2}, And((Equals("draft", False), Equals("n", 2)))),
        ({"year": {"gte": 2020, "lt": 2024.5}}, Range("year", gte=2020, lt=2024.5)),
        ({"date": {"gt": "2024-01-01"}}, Range("date", gt="2024-01-01")),
        ({"lang": {"in": ["de", "en"]}}, In("lang", ("de", "en"))),
        ({"$or": [{"a": 1}, {"$not": {"b": 2}}]}, Or((Equals("a", 1), Not(Equals("b", 2))))),
        ({"$and": []}, And(())),
        ({"$or": []}, Or(())),
        ({"some": "x"}, Equals("some", "x")),
        ({"a": 1, "$not": {}}, And((Equals("a", 1), Not(And(()))))),
        ({"a": 2.0, "b": True}, And((Equals("a", 2.0), Equals("b", True)))),
    ],
)
def test_reads(value: object, expected: Filter | None) -> None:
    assert parse_filter(value) == expected


NESTED: dict[str, object] = {"a": 1}
for _ in range(40):
    NESTED = {"$not": NESTED}


@pytest.mark.parametrize(
    "value",
    [
        [],
        "author",
        {"$xor": []},
        {"$and": {"a": 1}},
        {"$not": []},
        {"$or": ["a"]},
        {"$or": None},
        {"$not": None},
        {"a": None},
        {"a": ["x"]},
        {"a": {}},
        {"a": {"gte": 1, "in": [1]}},
        {"a": {"gte": None}},
        {"a": {"gte": True}},
        {"a": {"gte": 1, "lt": "2"}},
        {"a": {"in": "de"}},
        {"a": {"in": [None]}},
        {"": 1},
        NESTED,
    ],
)
def test_refuses(value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_filter(value)
    assert caught.value.code == "invalid_filter"
    assert "filters" in caught.value.message
