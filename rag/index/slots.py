"""A folder of replicas for each process: the first free one, held by an flock that ends with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from rag.errors import IndexUnavailable
from rag.index.snapshot import explained

MOST = 256


class Slot:
    """The folder ROOT/<number> that this process alone uses; its replicas stay for whoever comes next."""

    def __init__(self, folder: Path, handle: int) -> None:
        self.folder = folder
        self._handle = handle

    @classmethod
    def take(cls, root: Path) -> Slot:
        """The first slot that no process holds; raises IndexUnavailable `index_locked` when all are taken."""
        for number in range(MOST):
            folder = root / str(number)
            handle = _lock(folder)
            if handle is not None:
                return cls(folder, handle)
        raise IndexUnavailable(f"All {MOST} slots under {root} are taken.", code="index_locked")

    def release(self) -> None:
        """Let another process have the slot."""
        os.close(self._handle)


def _lock(folder: Path) -> int | None:
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError:
            os.close(handle)
            raise
        return handle
