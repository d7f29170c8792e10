"""One service over a small real collection for all answer tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.service import Service, open_service
from rag.settings import Settings
from tests.answer.corpus import fill


def settings_for(data: Path, **changes: Any) -> Settings:
    """Settings of a test."""
    return Settings(data=data, threads=1, **changes)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_service(settings_for(tmp_path_factory.mktemp("data"))) as opened:
        fill(opened)
        yield opened
