"""What a figure was measured on: the machine, memory of processes, and whether the extra `eval` is there."""

from __future__ import annotations

import os
import platform
import re
from importlib.util import find_spec
from pathlib import Path

from rag.errors import ModelError


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
    found = re.search(
        r"^VmHWM:\s+(\d+) kB", _proc_text(Path(f"/proc/{pid or os.getpid()}/status")), re.MULTILINE
    )
    return int(found[1]) / 1024 if found else None


def children(pid: int) -> list[int]:
    """Processes that a process has started and that still run; none where there is no /proc."""
    lists = [_proc_text(path) for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for text in lists for child in text.split()]


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _proc_text(Path("/proc/cpuinfo")), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _instructions() -> str:
    flags = _proc_text(Path("/proc/cpuinfo"))
    return next((name for name in ("avx512_vnni", "avx_vnni", "avx512f", "avx2") if name in flags), "unknown")


def _proc_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


ADVICE = "Install it with: pip install 'footnote-rag[eval]'"


def require(*modules: str) -> None:
    """Raise ModelError `extra_missing` when one of the top-level modules is not installed; imports none of
    them.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise ModelError(
            f"This needs the extra eval ({', '.join(missing)} is missing). {ADVICE}", code="extra_missing"
        )


def ragas_telemetry_off() -> None:
    """Have RAGAS send no usage events, unless the environment says otherwise (`RAGAS_DO_NOT_TRACK=false`).

    RAGAS looks at the environment when it first would send one, and remembers what it read; so whatever first
    imports it, or makes one of its metrics, calls this before.
    """
    os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")


def unusable(error: ImportError) -> ModelError:
    """For packages that are there and cannot be imported, e.g. RAGAS beside langchain-community 0.4."""
    return ModelError(f"The extra eval does not import ({error}). {ADVICE}", code="extra_missing")
