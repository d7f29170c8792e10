"""One engine over a small real collection for all answer tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.answer.engine import Engine
from rag.settings import Settings
from tests.answer.corpus import fill


def settings_for(data: Path, **changes: Any) -> Settings:
    """Settings of a test."""
    return Settings(data=data, threads=1, **changes)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(settings_for(tmp_path_factory.mktemp("data"))) as opened:
        fill(opened)
        yield opened
