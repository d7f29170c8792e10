"""The documentation of the API, without FastAPI's own error shape, which no route answers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

_FOREIGN = ("HTTPValidationError", "ValidationError")


class DocumentedAPI(FastAPI):
    """FastAPI documents a 422 of its own shape on every route that takes a parameter; this takes it out."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        schemas = document.get("components", {}).get("schemas", {})
        for name in _FOREIGN:
            schemas.pop(name, None)
        for item in document["paths"].values():
            for operation in item.values():
                _forget_foreign(operation["responses"])
        return document


def _forget_foreign(responses: dict[str, Any]) -> None:
    shown = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if shown.get("$ref", "").endswith(f"/{_FOREIGN[0]}"):
        del responses["422"]
