"""The sentence splitter: what it cuts, and that it loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import split_sentences


def texts(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith paid 3.5 bar. Then he left.", ["Dr. Smith paid 3.5 bar.", "Then he left."]),
        ("J. Doe saw e.g. Rome. See No. 5 now.", ["J. Doe saw e.g. Rome.", "See No. 5 now."]),
        ("The U.S. Army came. It left.", ["The U.S. Army came.", "It left."]),
        ("Bring pens, ink, etc. Nothing else.", ["Bring pens, ink, etc.", "Nothing else."]),
        ('"Really?" he said. No.', ['"Really?" he said.', "No."]),
        ("It is so. [1] It is not. [2][3] End", ["It is so. [1]", "It is not. [2][3]", "End"]),
        ("Cited [1]. Again 【2】.", ["Cited [1].", "Again 【2】."]),
        ("これは。文です。Yes.", ["これは。", "文です。", "Yes."]),
        ("1. First item.\n2. Next item", ["1. First item.", "2. Next item"]),
        ("Bring:\n- a pen\n- two cups. And tea\n", ["Bring:", "- a pen", "- two cups.", "And tea"]),
        ("| a | b. C |\n|---|---|\n| d | e |", ["| a | b. C |", "|---|---|", "| d | e |"]),
        ("Overview\nThe pump is\nfine.", ["Overview", "The pump is\nfine."]),
        ("A paragraph\n\nanother one", ["A paragraph", "another one"]),
        (
            "Version 2.0.1 is out. Get it at example.com now.",
            ["Version 2.0.1 is out.", "Get it at example.com now."],
        ),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_cuts(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@given(
    st.text(alphabet=st.sampled_from("aA1.?! \n\t-|[]\"'e。é…🙂\r\x0b\u2028"), max_size=200)
    | st.text(max_size=200)
)
def test_spans_are_disjoint_trimmed_and_hold_everything(text: str) -> None:
    spans = split_sentences(text)
    position = 0
    for span in spans:
        assert position <= span.start < span.end <= len(text)
        assert text[position : span.start].strip() == ""
        piece = text[span.start : span.end]
        assert piece == piece.strip()
        position = span.end
    assert text[position:].strip() == ""


@pytest.mark.parametrize("unit", [".", ". ", "Dr. ", "a\n", "| ", ".[1", "[", "- a\n"])
def test_hostile_text_is_cut_in_linear_time(unit: str) -> None:
    """Forty thousand repetitions end at all; quadratic time would trip the suite's time limit."""
    assert split_sentences(unit * 40_000)[-1].end <= len(unit) * 40_000
