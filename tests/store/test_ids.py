"""Ids outlive releases: a changed recipe would orphan every document and every kept citation."""

from __future__ import annotations

from rag.store import chunk_id, document_id


def test_ids_are_the_same_everywhere() -> None:
    assert document_id("handbook", "a/b.md") == "c7ecc993fbd9b04fee8b457b"
    assert chunk_id("c7ecc993fbd9b04fee8b457b", 0, "Straße") == "e39918990e5bdb70439d192d"


def test_ids_tell_their_parts_apart() -> None:
    assert document_id("a", "bc") != document_id("ab", "c")
    assert chunk_id("x", 1, "2") != chunk_id("x", 12, "")
    assert len(document_id("c", "caf\udce9.txt")) == 24
