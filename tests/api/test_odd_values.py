"""Whatever stands in a field, the answer is an error that says so, never a failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from api.http.app import create_app
from rag.settings import Settings

PATHS = ["search", "query", "read", "check", "rerank", "embeddings", "chat/completions"]
ODD: list[Any] = ["", "\ud800", "a\u0000b", None, -1, 1e308, float("nan"), [], {}, [["x"]], {"$not": 1}]
SPEC: dict[str, Any] = create_app(Settings(api_key="x" * 20)).openapi()


def example(path: str) -> Any:
    content = SPEC["paths"][f"/v1/{path}"]["post"]["requestBody"]["content"]
    name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    return SPEC["components"]["schemas"][name]["examples"][0]


def variants(value: Any, put: Callable[[Any], Any] = lambda new: new) -> Iterator[Any]:
    """The value with each of its parts replaced by each odd one."""
    yield from (put(odd) for odd in ODD)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:

        def put_here(new: Any, key: Any = key) -> Any:
            changed = value.copy()
            changed[key] = new
            return put(changed)

        yield from variants(part, put_here)


@pytest.mark.parametrize("path", PATHS)
def test_odd_values_are_errors_and_not_failures(http: httpx.Client, path: str) -> None:
    statuses = set()
    for body in variants(example(path)):
        data = json.dumps(body).encode()
        response = http.post(f"/v1/{path}", content=data, headers={"Content-Type": "application/json"})
        assert response.status_code in (200, 400, 404, 422), (data, response.text)
        statuses.add(response.status_code)
        if response.status_code != 200:
            assert response.json()["error"]["message"]
    assert statuses & {400, 422}


def test_numbers_and_nesting_beyond_all_measure(http: httpx.Client) -> None:
    for data in (b'{"k": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000):
        response = http.post("/v1/search", content=data, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422), response.text
        assert response.json()["error"]["code"] == "invalid_request"
