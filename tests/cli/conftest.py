"""A small folder, a data folder filled from it, and a service, all by the real command."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import LUNCH, PUMP, Result, Service, footnote, start


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two readable files and one that is not."""
    path = tmp_path_factory.mktemp("documents")
    (path / "manuals").mkdir()
    (path / "manuals" / "pump.md").write_text(PUMP)
    (path / "lunch.txt").write_text(LUNCH)
    (path / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing that a reader could use\n")
    return path


@pytest.fixture(scope="session")
def filled(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A data folder into which the folder was ingested by the command, and what the command said."""
    data = tmp_path_factory.mktemp("cli") / "data"
    return data, footnote("ingest", str(folder), "--collection", "works", "--data", str(data))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, ended afterwards."""
    started = start(tmp_path / "data")
    try:
        yield started
    finally:
        if started.process.poll() is None:
            os.kill(started.process.pid, signal.SIGTERM)
        started.process.communicate(timeout=60)
