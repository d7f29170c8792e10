"""Stop words say nothing in a query, unless they are all it has."""

from __future__ import annotations

import pytest

from rag.index.tantivy import LANGUAGES, Analyzer


def test_a_query_leaves_out_its_stop_words() -> None:
    stems = [term.stem for term in Analyzer().terms("What is the password of the Tern?")]
    assert stems == ["what", "password", "tern"]


def test_a_query_of_stop_words_keeps_them() -> None:
    assert [term.stem for term in Analyzer().terms("to be or not to be")] == ["to", "be", "or", "not"]


def test_texts_keep_their_stop_words() -> None:
    assert Analyzer().stems("the pump") == ["the", "pump"]


@pytest.mark.parametrize("language", [*LANGUAGES, "none"])
def test_every_language_has_an_analyzer(language: str) -> None:
    assert Analyzer(language).terms("Tern 2026")
