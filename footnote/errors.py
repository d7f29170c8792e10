"""The one error that people who import Footnote catch."""

from __future__ import annotations

from collections.abc import Mapping


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
