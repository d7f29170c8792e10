"""One service over three short manuals, on the real models, for all tests of eval/."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from eval.corpus import CorpusDocument, put_whole
from rag.service import Service, open_service
from rag.settings import Settings

MANUALS = (
    CorpusDocument(
        "pump.txt",
        "Pump",
        "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks.",
    ),
    CorpusDocument(
        "lamp.txt", "Lamp", "The mast lamp draws 25 watts. A burnt bulb is changed at the quay, never at sea."
    ),
    CorpusDocument(
        "rope.txt", "Rope", "Mooring ropes are made of polyester. They are replaced after five years."
    ),
)


@pytest.fixture(scope="session")
def manuals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An service with the collection `manuals`."""
    with closing(open_service(Settings(data=tmp_path_factory.mktemp("manuals"), threads=1))) as service:
        put_whole(service.store, service.models.encoder, "manuals", MANUALS)
        yield service
