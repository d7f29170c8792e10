"""The environment of a run: machine, commit, packages, settings, and what else kept the cores busy."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from eval.environment import machine
from lab.bench.speed.footprint import PACKAGE, graphs, needed
from lab.bench.speed.results import Plan, Setup
from rag.models.registry import describe
from rag.settings import Settings

SETTINGS = (
    "encoder",
    "reader",
    "checker",
    "profile",
    "precision",
    "threads",
    "hnsw_threshold",
    "rerank_candidates",
    "reader_candidates",
    "chunk_tokens",
    "max_concurrent",
    "max_waiting",
    "check",
    "language",
)
"""Those that a speed or size depends on; none is a secret."""
SAMPLE_S = 1.0


def setup(command: str, dataset: str, plan: Plan, settings: Settings) -> Setup:
    """Everything known before the run; `load` and `busy_cores` get their first entry."""
    paths = graphs(settings)
    return Setup(
        datetime.now(UTC).isoformat(timespec="seconds"),
        command,
        commit(),
        machine(),
        packages(),
        {
            one.role: f"{one.name}@{one.revision}"
            + (f", {paths[one.role].name}" if one.role in paths else "")
            for one in describe(settings)
        },
        {name: getattr(settings, name) for name in SETTINGS},
        asdict(plan),
        dataset,
        load_average(),
        busy_cores(),
    )


def packages() -> dict[str, str]:
    """Versions of the packages that the base install names; none where it is not installed."""
    try:
        own = distribution(PACKAGE)
    except PackageNotFoundError:
        return {}
    return {name: version(name) for name in sorted(name for name, _ in needed(own))}


def commit() -> str | None:
    """The commit of the checkout that runs, `+` where files differ from it; None outside of one."""
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def load_average() -> tuple[float, ...]:
    """Of the last minute, as a tuple of one; empty where the system does not tell."""
    return (os.getloadavg()[0],) if hasattr(os, "getloadavg") else ()


def busy_cores() -> tuple[float, ...]:
    """Cores that others keep busy while this process sleeps for a second, as a tuple of one; empty where
    there is no /proc/stat.
    """
    before = _busy_ticks()
    started = time.monotonic()
    time.sleep(SAMPLE_S)
    after = _busy_ticks()
    if before is None or after is None:
        return ()
    return ((after - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - started),)


def _busy_ticks() -> int | None:
    try:
        fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, hard, soft, stolen = fields[:8]
    return user + nice + system + hard + soft + stolen
