from __future__ import annotations

import pytest

from rag.models.claims import ALIGNMENT_FEATURES, align, closest_sentence, words_of
from rag.text.sentences import evidence_sentences

PUMP = "The pump is rated for 16 bar. It was built by Acme Ltd. in 2004. It does not need oil."


def feature(name: str, claim: str, *evidence: str) -> float:
    return align(claim, evidence)[ALIGNMENT_FEATURES.index(name)]


def test_a_quote_is_found_whole() -> None:
    claim = "The pump is rated for 16 bar."
    assert [feature(n, claim, PUMP) for n in ALIGNMENT_FEATURES[:6]] == [1, 1, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("numbers_found", "It holds 16 bar.", "It holds 61 bar."),
        ("names_found", "It was built by Acme.", "It was built by Apex."),
        ("words_found", "The pump rates 16 bar.", "The engine burns diesel."),
        ("pairs_found", "It was built by Acme.", "Acme was it built by."),
    ],
)
def test_each_feature_tells_right_from_wrong(name: str, right: str, wrong: str) -> None:
    assert feature(name, right, PUMP) > feature(name, wrong, PUMP)


def test_a_negation_on_one_side_is_seen() -> None:
    assert feature("negation_differs", "The pump needs oil.", PUMP) == 1
    assert feature("negation_differs", "The pump doesn't need oil.", PUMP) == 0


def test_evidence_may_lie_in_any_passage() -> None:
    assert feature("numbers_found", "It holds 16 bar.", "Nothing here.", PUMP) == 1


def test_nothing_at_all_is_no_error() -> None:
    assert len(align("", [])) == len(align("?!", ["", "  "])) == len(ALIGNMENT_FEATURES)


def test_sentences_keep_their_offsets() -> None:
    text = "  First one. Version 2.5 is out!\nAnother line\n\nJ. R. R. Tolkien wrote it. "
    found = [text[a:b] for a, b in evidence_sentences(text)]
    assert found == ["First one.", "Version 2.5 is out!", "Another line", "J. R. R. Tolkien wrote it."]


def test_the_closest_sentence_is_the_one_meant() -> None:
    start, end = closest_sentence(words_of("Acme built it"), PUMP)
    assert "Acme" in PUMP[start:end]
    assert "16 bar" not in PUMP[start:end]
