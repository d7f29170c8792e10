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


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The pump draws 6 A. Nobody knows why.", 2),
        ("The oven runs on 230 V. Bakers like it.", 2),
        ("Fill in 4 L. Water will do.", 2),
        ("It was 31 °C. People stayed in.", 2),
        ("Dogs may wait in hall C. Cats may not.", 2),
        ("Meet us at Gate D. Buses stop there.", 2),
        ("Choose between plan A and B. Customers may change it.", 2),
        ("It takes 5 min. Nobody waits.", 2),
        ("Der Motor braucht 400 V. Strom kommt aus Halle B. Besucher warten.", 3),
        ("The book by E. M. Forster is here.", 1),
        ("Ask the architect P. Novak or Dr. K. Lind.", 1),
        ("K. Lind and J. R. R. Tolkien met.", 1),
        ("Das gilt z. B. für Äpfel, d. h. Obst.", 1),
        ("Es kamen u. a. Müller und bzw. Meier, vgl. Abb. 4 und Nr. 7.", 1),
        ("Am 3. Mai 2020 begann im 21. Jahrhundert das 2. Quartal.", 1),
        ("See p. 12, Fig. 3 and approx. 7 others, i. e. No. 9.", 1),
        ("We open at 9 a. m. Guests may come.", 2),
    ],
)
def test_units_and_labels_end_a_sentence_and_abbreviations_do_not(text: str, count: int) -> None:
    assert len(texts(text)) == count


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


@pytest.mark.parametrize(
    "unit",
    [
        ".",
        ". ",
        "Dr. ",
        "a\n",
        "| ",
        ".[1",
        "[",
        "- a\n",
        "5 A. ",
        "z. B. ",
        "u. ",
        "A. ",
        "Nr. 3. ",
        "漢字。",
        "كلمة. ",
    ],
)
def test_hostile_text_is_cut_in_linear_time(unit: str) -> None:
    """Forty thousand repetitions end at all; quadratic time would trip the suite's time limit."""
    assert split_sentences(unit * 40_000)[-1].end <= len(unit) * 40_000
