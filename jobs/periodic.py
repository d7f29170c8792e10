"""Threads beside a service: at low priority, and patient with the store."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rag.errors import StoreError

_PRIORITY = 10
"""Nice value beside an ingest and a service that answers."""

T = TypeVar("T")

log = logging.getLogger(__name__)


def run_periodically(work: Callable[[], None], stop: threading.Event, pause_s: float) -> None:
    """Call `work` every `pause_s` seconds in this thread until `stop` is set; a StoreError is waited out."""
    _lower_priority()
    while not stop.is_set():
        try:
            work()
        except StoreError as error:
            log.warning("waiting for the store: %s", error.message)
        stop.wait(pause_s)


def at_low_priority(work: Callable[[], T]) -> T:
    """The result of `work` in a thread of its own: no thread gets its priority back, and what it starts, such
    as a model's threads, inherits the low one.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="footnote-job", initializer=_lower_priority) as pool:
        return pool.submit(work).result()


def _lower_priority() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PRIORITY)
