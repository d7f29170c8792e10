"""What the tests of ingest share: the real encoder, one warm parser process, a store of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.handler import ingest_worker
from ingest.parse.pool import ParserPool
from jobs.worker import Worker
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store
from tests.ingest.making import Parse, settings_in


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder("footnote-encoder", settings_in(Path("unused")))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data")


@pytest.fixture(scope="session")
def pool() -> Iterator[ParserPool]:
    with ParserPool() as pool:
        yield pool


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store.open(settings.store_url) as store:
        store.collections.create("c")
        yield store


@pytest.fixture(scope="session")
def parse(pool: ParserPool) -> Parse:
    return Parse(pool)


@pytest.fixture
def worker(settings: Settings, store: Store, encoder: Encoder) -> Iterator[Worker]:
    with ingest_worker(settings, store, encoder) as worker:
        yield worker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three small pages."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.md").write_text(f"# {name.title()}\n\nThis page is about the number {name}.\n")
    return folder
