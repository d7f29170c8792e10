"""One error envelope for every answer that is not a success; OpenAI's own shape on its paths."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag.errors import Busy, RagError

log = logging.getLogger("footnote.api")

OPENAI_PATHS = ("/v1/chat/", "/v1/embeddings", "/v1/models")
REQUEST_ID_HEADER = "X-Request-Id"

_CODES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
}
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Starting(RagError):
    """The models or indexes are still being loaded."""

    code = "starting"
    status = 503


class BodyTooLarge(HTTPException):
    """The body is over its limit. An HTTPException, as FastAPI makes a 400 of all else met there."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The request body is larger than {limit} bytes.")
        self.limit = limit


def request_id(request: Request) -> str:
    """The id that the middleware gave this request."""
    return str(getattr(request.state, "request_id", ""))


def is_openai_path(path: str) -> bool:
    """Whether clients of OpenAI's API call this path."""
    return path.startswith(OPENAI_PATHS)


def envelope(
    code: str, message: str, request_id: str, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body of an error."""
    return {
        "error": {"code": code, "message": message, "request_id": request_id, "details": dict(details or {})}
    }


def openai_envelope(
    status: int, code: str, message: str, request_id: str, param: str | None
) -> dict[str, Any]:
    """The same in OpenAI's shape (https://platform.openai.com/docs/guides/error-codes)."""
    kind = _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    error = {"message": message, "type": kind, "param": param, "code": code, "request_id": request_id}
    return {"error": error}


def error_response(
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error as the answer to `request`."""
    ident = request_id(request)
    if is_openai_path(request.url.path):
        body = openai_envelope(status, code, message, ident, _param(details))
    else:
        body = envelope(code, message, ident, details)
    return JSONResponse(body, status, headers={REQUEST_ID_HEADER: ident, **(headers or {})})


def rag_error_response(request: Request, error: RagError) -> JSONResponse:
    """An error that Footnote raised on purpose; its text is meant for the user."""
    if error.status >= 500:
        log.error("%s %s: %s (%s)", request_id(request), error.code, error.message, request.url.path)
    status = _status(request, error.status)
    return error_response(
        request, status, error.code, error.message, details=error.details, headers=_headers(error)
    )


def install(app: FastAPI) -> None:
    """Register the handlers that turn every exception into the envelope."""
    app.add_exception_handler(RagError, _on_rag_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected)


def _status(request: Request, status: int) -> int:
    """OpenAI's clients expect a bad request to be a 400."""
    return 400 if status == 422 and is_openai_path(request.url.path) else status


def _headers(error: RagError) -> dict[str, str]:
    if isinstance(error, Busy):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, Starting):
        return {"Retry-After": "1"}
    return {"WWW-Authenticate": 'Bearer realm="footnote"'} if error.status == 401 else {}


def _param(details: Mapping[str, Any] | None) -> str | None:
    fields = (details or {}).get("fields") or []
    return str(fields[0]["field"]) if fields else None


async def _on_rag_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RagError)
    return rag_error_response(request, error)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [{"field": _field(e["loc"]), "message": str(e["msg"])} for e in error.errors()]
    message = "; ".join(f"{f['field']}: {f['message']}" for f in fields[:5])
    status = _status(request, 422)
    return error_response(request, status, "invalid_request", message, details={"fields": fields})


def _field(loc: Sequence[int | str]) -> str:
    inner = loc[1:] if loc and loc[0] in ("body", "query", "path", "header") else loc
    return ".".join(str(part) for part in inner) or str(loc[0] if loc else "body")


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "http_error")
    details = {"limit_bytes": error.limit} if isinstance(error, BodyTooLarge) else None
    message = f"No such route: {request.url.path}" if error.status_code == 404 else str(error.detail)
    return error_response(
        request, error.status_code, code, message, details=details, headers=dict(error.headers or {})
    )


async def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    """The last resort: what went wrong goes to the log, the caller gets the id to quote."""
    log.error("%s %s failed", request_id(request), request.url.path, exc_info=error)
    message = "Footnote failed on this request. Its log has the reason under the request id."
    # the server closes the connection after an exception; a client must not send its next request there
    return error_response(request, 500, "internal_error", message, headers={"Connection": "close"})
