"""A document that is replaced while others search: a search sees one version of it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.service import Service, open_service
from rag.types import Hit, Query
from tests.answer.conftest import settings_for
from tests.answer.corpus import put

VERSIONS = 10


def version(number: int) -> str:
    """A text whose paragraphs all end with their version; there are six to eight of them."""
    return "\n\n".join(f"Pump {part} has release {number}" for part in range(6 + number % 3))


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Service]:
    with open_service(settings_for(tmp_path / "data")) as service:
        service.store.collections.create("c")
        put(service, "c", "pump.md", version(0))
        yield service


def test_a_search_sees_one_version_of_a_document_that_is_being_replaced(alone: Service) -> None:
    found: list[list[Hit]] = []
    ended = threading.Event()

    def search() -> None:
        while not ended.is_set():
            found.append(alone.searcher.search(Query("release of a pump", "c", k=20), rerank=False)[0])

    with ThreadPoolExecutor(1) as others:
        searching = others.submit(search)
        for number in range(1, VERSIONS):
            put(alone, "c", "pump.md", version(number))
            searched = len(found)
            while len(found) < searched + 2 and not searching.done():  # the second began after the put
                time.sleep(0.001)
        ended.set()
        searching.result()

    texts = {str(number): version(number) for number in range(VERSIONS)}
    seen = [{hit.chunk.text.split()[-1] for hit in hits} for hits in found]
    assert len({*map(frozenset, seen)}) > 3, "the searches saw too few of the versions to tell"
    for hits, releases in zip(found, seen, strict=True):
        assert len(releases) <= 1
        for release in releases:
            assert sorted(hit.chunk.text.strip() for hit in hits) == texts[release].split("\n\n")
            digest = hashlib.sha256(texts[release].encode()).hexdigest()
            assert all(hit.document.text_sha256 == digest for hit in hits)
