"""How far words are apart, and which slip is the likelier one; what is English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from rag.text.edits import edit_cost, edit_distance
from rag.text.english import is_english

WORDS = st.text("abc", max_size=6)


@given(WORDS, WORDS, st.integers(0, 6))
def test_the_distance_is_that_of_optimal_string_alignment(typed: str, word: str, most: int) -> None:
    assert edit_distance(typed, word, most) == min(OSA.distance(typed, word), most + 1)


@pytest.mark.parametrize(
    ("typed", "likely", "unlikely"),
    [
        ("pmup", "pump", "plup"),  # swapped before replaced
        ("lettter", "letter", "letteer"),  # typed twice
        ("pimp", "pump", "pxmp"),  # a key beside
        ("fone", "fine", "fxne"),
        ("sity", "city", "pity"),  # sounds alike
        ("tickt", "ticket", "tikt"),  # left out before one too many
    ],
)
def test_likely_slips_cost_less(typed: str, likely: str, unlikely: str) -> None:
    assert edit_cost(typed, likely) < edit_cost(typed, unlikely)


@pytest.mark.parametrize(
    "word", ["warranty", "valves", "retraining", "underdeveloped", "simplifying", "heed"]
)
def test_words_and_what_is_made_of_them_are_english(word: str) -> None:
    assert is_english(word)


@pytest.mark.parametrize("word", ["tickt", "odholm", "presure", "refrigator", "waranty", "maintainance"])
def test_typos_are_not(word: str) -> None:
    assert not is_english(word)
