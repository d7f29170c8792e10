"""The error envelope, for the documentation."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.schemas.base import Out, example


class ErrorBody(BaseModel):
    """A stable code, a text for people, the id to quote, and what is known beside."""

    code: str
    message: str
    request_id: str
    details: dict[str, Any] = {}


class ErrorOut(Out):
    """Every answer that is not a success."""

    model_config = example(
        {
            "error": {
                "code": "collection_not_found",
                "message": "There is no collection 'manuals'.",
                "request_id": "0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
                "details": {},
            }
        }
    )
    error: ErrorBody


class OpenAIErrorBody(BaseModel):
    """OpenAI's fields, and the id to quote."""

    message: str
    type: str
    param: str | None
    code: str | None
    request_id: str


class OpenAIErrorOut(Out):
    """The same on OpenAI's paths."""

    model_config = example(
        {
            "error": {
                "message": "There is no collection 'manuals'.",
                "type": "invalid_request_error",
                "param": "model",
                "code": "model_not_found",
                "request_id": "0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
            }
        }
    )
    error: OpenAIErrorBody
