"""What a run of the benchmark is to measure."""

from __future__ import annotations

from dataclasses import dataclass

PARTS = (
    "ingest",
    "embed",
    "start",
    "search",
    "stages",
    "rerank",
    "read",
    "check",
    "ask",
    "clients",
    "busy",
    "memory",
    "size",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts by name; collection sizes in chunks, rising; numbers of concurrent clients; open-loop rates in
    requests a second.

    `block_s` bounds one block of calls and how long a number of clients keeps calling; `queries` is how many
    different ones there are at most, `fewest` how many calls a block has, however long one takes.
    """

    parts: tuple[str, ...] = PARTS
    sizes: tuple[int, ...] = (1_000, 20_000, 100_000)
    clients: tuple[int, ...] = (1, 2, 4, 8)
    rates: tuple[int, ...] = ()
    repeats: int = 5
    queries: int = 50
    block_s: float = 0.5
    fewest: int = 3

    def wants(self, *parts: str) -> bool:
        """Whether any of these parts is to be measured."""
        return bool(set(parts) & set(self.parts))

    @property
    def middle(self) -> int:
        """The size at which what does not depend on it is measured."""
        return self.sizes[(len(self.sizes) - 1) // 2]
