"""Work that goes on beside a service: at low priority, and patient with the store."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from rag.errors import StoreError

_PRIORITY = 10
"""Nice value beside an ingest and a service that answers."""

log = logging.getLogger(__name__)


def keep_working(work: Callable[[], None], stop: threading.Event, pause_s: float) -> None:
    """Call `work` every `pause_s` seconds in this thread until `stop` is set; a StoreError is waited out."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PRIORITY)
    while not stop.is_set():
        try:
            work()
        except StoreError as error:
            log.warning("waiting for the store: %s", error.message)
        stop.wait(pause_s)
