"""What the LLM behind metrics costs, as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock

from rag.errors import RagError


@dataclass(frozen=True, slots=True)
class Spent:
    """What something cost: tokens of an LLM, and money in the currency of the settings."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


class CostLimit(RagError):
    """The money set aside for an evaluation is spent; nothing more is asked of the LLM."""

    code = "cost_limit"


class Tally:
    """A running total; safe to add to from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._spent = Spent()

    @property
    def spent(self) -> Spent:
        """The total so far."""
        with self._lock:
            return self._spent

    def add(self, spent: Spent) -> None:
        """Count one call."""
        with self._lock:
            so_far = self._spent
            self._spent = Spent(
                so_far.prompt_tokens + spent.prompt_tokens,
                so_far.completion_tokens + spent.completion_tokens,
                so_far.cost + spent.cost,
            )


class Meter:
    """The total of all calls, and of those within a block; for many threads and tasks at once.

    Prices are of a million tokens. With a `limit`, `check` raises CostLimit once that much is spent; the call
    that crosses it is still paid, and those under way at that moment.
    """

    def __init__(self, prompt_cost: float, completion_cost: float, limit: float | None = None) -> None:
        self._prices = (prompt_cost, completion_cost)
        self._limit = limit
        self._total = Tally()
        self._block: ContextVar[Tally | None] = ContextVar("block", default=None)

    @property
    def spent(self) -> Spent:
        """Everything so far."""
        return self._total.spent

    @contextmanager
    def tally(self) -> Iterator[Tally]:
        """Count what is spent inside this block too: by this task, and by tasks and threads that it starts
        with its context, as asyncio does.
        """
        tally = Tally()
        token = self._block.set(tally)
        try:
            yield tally
        finally:
            self._block.reset(token)

    def count(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Add a call."""
        cost = (prompt_tokens * self._prices[0] + completion_tokens * self._prices[1]) / 1e6
        spent = Spent(prompt_tokens, completion_tokens, cost)
        self._total.add(spent)
        block = self._block.get()
        if block is not None:
            block.add(spent)

    def check(self) -> None:
        """Raise CostLimit when the limit is reached."""
        if self._limit is not None and self.spent.cost >= self._limit:
            raise CostLimit(f"The evaluation has spent its {self._limit:g}; the LLM is not asked any more.")
