"""The OpenAPI document: what it says of errors, shared by the routes, and what is taken out of it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.http.schemas.base import ErrorOut, OpenAIErrorOut

Responses = dict[int | str, dict[str, Any]]

_TEXTS = {
    400: "The request cannot be carried out as written.",
    401: "No key, or one that does not exist.",
    403: "The key may not do this.",
    404: "It does not exist.",
    409: "It contradicts the present state.",
    413: "The body is over its limit.",
    415: "The body's media type is not understood.",
    422: "The request cannot be carried out as written; `details.fields` names what is wrong.",
    429: "Too many questions at once; `Retry-After` says when to come back.",
    503: "Not ready yet.",
}


def errors(*statuses: int) -> Responses:
    """The envelope for these statuses, and for 401 and 403."""
    return {status: {"model": ErrorOut, "description": _TEXTS[status]} for status in (401, 403, *statuses)}


def openai_errors(*statuses: int) -> Responses:
    """OpenAI's shape for these statuses, and for 401 and 403."""
    return {
        status: {"model": OpenAIErrorOut, "description": _TEXTS[status]} for status in (401, 403, *statuses)
    }


_FOREIGN = ("HTTPValidationError", "ValidationError")


class DocumentedAPI(FastAPI):
    """FastAPI documents a 422 of its own shape on every route that takes a parameter; this takes it out."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        schemas = document.get("components", {}).get("schemas", {})
        for name in _FOREIGN:
            schemas.pop(name, None)
        for path in document["paths"].values():
            for operation in path.values():
                _forget_foreign(operation["responses"])
        return document


def _forget_foreign(responses: dict[str, Any]) -> None:
    shown = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if shown.get("$ref", "").endswith(f"/{_FOREIGN[0]}"):
        del responses["422"]
