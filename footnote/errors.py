"""The one error that people who import Footnote catch, and how an HTTP answer becomes one."""

from __future__ import annotations

from collections.abc import Mapping

import httpx


class FootnoteError(Exception):
    """What went wrong, from a service or in this process.

    `code` is stable (`collection_not_found`, `busy`, `service_unreachable`, …), `message` is for people,
    `status` the HTTP status, `request_id` the id under which the service's log has the reason ("" in
    process), `retry_after` the seconds after which another try makes sense (None where nothing is said),
    `details` what is known beside.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "internal_error",
        status: int = 500,
        request_id: str = "",
        retry_after: float | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.details: dict[str, object] = dict(details or {})


def error_of(response: httpx.Response) -> FootnoteError:
    """The error that an unsuccessful response, already read, stands for; OpenAI's shape included."""
    try:
        error = response.json()["error"]
        message, code, details = str(error["message"]), str(error["code"]), error.get("details") or {}
        request_id = str(error.get("request_id") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        message, code, details = response.text[:200] or response.reason_phrase, "http_error", {}
        request_id = ""
    return FootnoteError(
        message,
        code=code,
        status=response.status_code,
        request_id=request_id or response.headers.get("X-Request-Id", ""),
        retry_after=_seconds(response.headers.get("Retry-After")),
        details=details,
    )


def unexpected(error: Exception) -> FootnoteError:
    """For an answer of 2xx that is not what the contract says: another service, or another version."""
    return FootnoteError(f"The answer is none of Footnote's: {error}", code="unexpected_answer", status=502)


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header else None
    except ValueError:  # a date, as HTTP allows; ours sends seconds
        return None
