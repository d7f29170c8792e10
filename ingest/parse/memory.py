"""How much memory a process uses, as Linux tells it; elsewhere nothing is known and nothing is limited."""

from __future__ import annotations

import os
from pathlib import Path


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MiB, 0 when it is gone."""
    return _statm(pid, 1)


def address_space_mb(pid: int) -> float:
    """Address space of a process in MiB, 0 when it is gone."""
    return _statm(pid, 0)


def _statm(pid: int, field: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[field])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
