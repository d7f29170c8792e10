"""Strings made storable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.store import clean, clean_source
from rag.store.values import check_source

ANY = st.text(st.characters(exclude_categories=()))


@given(ANY)
def test_cleaning_keeps_every_offset(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert len(cleaned) == len(text)
    assert "\0" not in cleaned
    assert clean(cleaned) == cleaned


@given(st.text())
def test_what_can_be_stored_stays(text: str) -> None:
    kept = text.replace("\0", "")
    assert clean(kept) == clean_source(kept) == kept


def test_undecodable_file_names_stay_apart() -> None:
    names = [
        clean_source(name.decode("utf-8", "surrogateescape")) for name in (b"caf\xe9.txt", b"caf\xe8.txt")
    ]
    assert names == [r"caf\udce9.txt", r"caf\udce8.txt"]
    assert [check_source(name) for name in names] == names
