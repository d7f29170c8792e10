"""Lists that come in pages: how long one may be, and every page in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from rag.errors import InvalidInput

MOST = 1000

Item = TypeVar("Item")


def check_limit(limit: int) -> None:
    """Raises InvalidInput `invalid_limit` unless it is 1 to 1000."""
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"limit must be between 1 and {MOST}, not {limit}.", code="invalid_limit")


def bad_cursor() -> InvalidInput:
    """What a cursor that leads nowhere raises."""
    return InvalidInput("The cursor is none that an earlier page gave.", code="invalid_cursor")


def every(page: Callable[[str | None], tuple[list[Item], str | None]]) -> Iterator[Item]:
    """The items of all pages; `page` gives that of a cursor, and the next one's."""
    items, cursor = page(None)
    yield from items
    while cursor is not None:
        items, cursor = page(cursor)
        yield from items
