"""The error tree: each has a stable `code`, a fitting HTTP `status` and a text for the user."""

from __future__ import annotations

from collections.abc import Mapping

Detail = str | int | float | bool | None


class RagError(Exception):
    """Root of everything Footnote raises on purpose."""

    code = "internal_error"
    status = 500

    def __init__(
        self, message: str, *, code: str | None = None, details: Mapping[str, Detail] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details: dict[str, Detail] = dict(details or {})


class InvalidInput(RagError):
    """The request cannot be carried out as written."""

    code = "invalid_request"
    status = 422


class NotFound(RagError):
    """A named thing does not exist; the code says which kind, e.g. `collection_not_found`."""

    code = "not_found"
    status = 404


class Conflict(RagError):
    """The request contradicts the present state, e.g. `collection_exists` or `no_generator`."""

    code = "conflict"
    status = 409


class Forbidden(RagError):
    """The caller may not do this, e.g. `path_not_allowed`."""

    code = "forbidden"
    status = 403


class Unauthorized(RagError):
    """No key, or one that does not exist."""

    code = "unauthorized"
    status = 401


class Busy(RagError):
    """Every place is taken; `retry_after` seconds is when to come back."""

    code = "busy"
    status = 429

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, details={"retry_after": retry_after})
        self.retry_after = retry_after


class ParseError(RagError):
    """One file could not be read; the job goes on with the rest. Codes: `empty_document`, …"""

    code = "parse_failed"
    status = 422


class ModelError(RagError):
    """A model is missing or cannot be loaded: `model_not_found`, `model_invalid`, `extra_missing`."""

    code = "model_error"
    status = 500


class IndexMismatch(RagError):
    """An index was built with another model, dimension or metric than the one in use."""

    code = "index_model_mismatch"
    status = 500


class GeneratorError(RagError):
    """The LLM server timed out, failed or answered nonsense: `generator_timeout`, `generator_failed`."""

    code = "generator_failed"
    status = 502


class StoreError(RagError):
    """The store cannot be read or written: `store_full`, `store_read_only`, `store_locked`, …"""

    code = "store_unavailable"
    status = 503


class IndexUnavailable(RagError):
    """An index cannot be reached, read or written: `index_locked`, `index_full`, `index_read_only`, …"""

    code = "index_unavailable"
    status = 503
