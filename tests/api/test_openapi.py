"""Every call is documented, with an example of what to send and of what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from api.http.app import create_app
from rag.settings import Settings

SPEC: dict[str, Any] = create_app(Settings(api_key="x" * 20)).openapi()
OPERATIONS = [(m, p, o) for p, item in SPEC["paths"].items() for m, o in item.items()]
CONTRACT = [
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
    ("post", "/v1/collections"),
    ("get", "/v1/collections"),
    ("get", "/v1/collections/{collection}"),
    ("delete", "/v1/collections/{collection}"),
    ("post", "/v1/collections/{collection}/documents"),
    ("get", "/v1/collections/{collection}/documents"),
    ("post", "/v1/collections/{collection}/sync"),
    ("get", "/v1/documents/{document_id}"),
    ("get", "/v1/documents/{document_id}/content"),
    ("get", "/v1/documents/{document_id}/chunks"),
    ("delete", "/v1/documents/{document_id}"),
    ("get", "/v1/jobs"),
    ("get", "/v1/jobs/{job_id}"),
    ("post", "/v1/jobs/{job_id}/cancel"),
    ("post", "/v1/jobs/{job_id}/retry"),
    ("get", "/v1/jobs/{job_id}/events"),
    ("post", "/v1/search"),
    ("post", "/v1/explain"),
    ("post", "/v1/query"),
    ("post", "/v1/read"),
    ("post", "/v1/check"),
    ("post", "/v1/evaluations"),
    ("get", "/v1/evaluations/{evaluation_id}"),
    ("post", "/v1/rerank"),
    ("post", "/v1/embeddings"),
    ("get", "/v1/models"),
    ("post", "/v1/chat/completions"),
]


def has_example(media: dict[str, Any]) -> bool:
    schema = media.get("schema", {})
    if "$ref" in schema:
        schema = SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return bool(media.get("example") or media.get("examples") or schema.get("examples"))


def test_the_contract_is_there() -> None:
    assert {(m, p) for m, p, _ in OPERATIONS} >= set(CONTRACT)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_call_is_documented(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        assert has_example(media), f"{method} {path}: no example of a {kind} body"
    for status, response in operation["responses"].items():
        assert status == "204" or response.get("content"), f"{method} {path}: {status} shows nothing"
        for kind, media in response.get("content", {}).items():
            assert has_example(media), f"{method} {path}: no example of {status} {kind}"
    guarded = path.startswith("/v1")
    assert bool(operation.get("security")) == guarded
    assert ("401" in operation["responses"]) == guarded


@pytest.mark.parametrize("request_body", ["SearchIn", "QueryIn", "ExplainIn"])
def test_filters_are_shown(request_body: str) -> None:
    shown = SPEC["components"]["schemas"]
    options = shown[request_body]["properties"]["filters"]["anyOf"]
    assert {"$ref": "#/components/schemas/MetadataFilter"} in options
    assert {"$and", "$or", "$not"} <= set(shown["MetadataFilter"]["properties"])
    conditions = str(shown["MetadataFilter"]["additionalProperties"])
    assert "/OneOf" in conditions
    assert "/Bounds" in conditions
