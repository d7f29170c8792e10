"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def machine() -> dict[str, str | int]:
    """Processor, the cores this process may use, system and Python: what stands beside every figure."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "instructions": _instructions(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def peak_memory_mb(pid: int | None = None) -> float | None:
    """Largest resident size of a process so far in MiB (None: this one); None where the system does not
    tell.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB", _read(Path(f"/proc/{pid or os.getpid()}/status")), re.MULTILINE)
    return int(found[1]) / 1024 if found else None


def children(pid: int) -> list[int]:
    """Processes that a process has started and that still run; none where there is no /proc."""
    lists = [_read(path) for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for text in lists for child in text.split()]


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _read(Path("/proc/cpuinfo")), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _instructions() -> str:
    flags = _read(Path("/proc/cpuinfo"))
    return next((name for name in ("avx512_vnni", "avx_vnni", "avx512f", "avx2") if name in flags), "unknown")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
