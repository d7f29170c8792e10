"""Takes jobs from the store and carries them out, one file at a time; see `Worker`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from ingest.types import Progress
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store


class Worker:
    """Parses, splits, embeds and commits what jobs ask for. Any number of workers may share one store.

    Killed at any point it leaves nothing half done: the next worker goes on with the files that are not finished.
    Opens the store of `settings` and loads its encoder, unless they are given; closes what it opened.
    """

    def __init__(
        self, settings: Settings, *, store: Store | None = None, encoder: Encoder | None = None
    ) -> None:
        raise NotImplementedError

    def run(self, stop: threading.Event | None = None) -> None:
        """Works until `stop` is set; looks for new jobs several times a second."""
        raise NotImplementedError

    def drain(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Works until no job is pending; `on_progress` is called after each source."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends the parser processes and closes what this worker opened."""
        raise NotImplementedError


def follow(store: Store, job_id: str, interval: float = 0.2) -> Iterator[Progress]:
    """The progress of a job that a worker elsewhere carries out, until it has ended."""
    raise NotImplementedError
