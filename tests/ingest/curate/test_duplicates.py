"""Near duplicates: what resembles what, and which differences matter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.curate.repetition import BANDS, THRESHOLD, resemblance, says_the_same, sketch

PUMP = (
    "The pump is rated for a working pressure of 16 bar and must never run dry. Before the first start fill "
    "the housing with oil, open the valve on the suction side and let the air out. Change the oil every "
    "2,000 hours, replace the seal once a year, and keep the fins of the motor "
    "free of dust so that it does not overheat."
)
FERRY = (
    "The ferry Ida leaves the harbour at a quarter past seven and comes back in the evening. A ticket for a "
    "bicycle costs three euros, children travel free, and dogs are welcome on the upper deck on a lead."
)
TEXTS = st.text(st.sampled_from("abcdefgh äß漢字\n"), min_size=150, max_size=400)


def alike(one: str, other: str) -> tuple[float, int]:
    """Resemblance, and the number of bands in which two texts meet."""
    left, right = sketch(one), sketch(other)
    assert left is not None
    assert right is not None
    return resemblance(left.shingles, right.shingles), len(set(left.bands) & set(right.bands))


@pytest.mark.parametrize(
    "changed",
    [
        PUMP.replace("must never run dry", "must never be run dry"),
        PUMP.replace("dust", "dirt"),
        PUMP.upper(),
        PUMP.replace(" ", "\n  "),
        PUMP.replace(",", ";").replace(".", " –"),
    ],
)
def test_an_edit_here_and_there_is_a_near_duplicate(changed: str) -> None:
    share, bands = alike(PUMP, changed)
    assert share >= THRESHOLD
    assert bands > 0


def test_another_text_is_none() -> None:
    share, bands = alike(PUMP, FERRY)
    assert share < 0.1
    assert bands == 0


def test_half_of_a_text_is_none() -> None:
    assert alike(PUMP, PUMP[: len(PUMP) // 2] + FERRY)[0] < THRESHOLD


def test_short_texts_are_not_compared() -> None:
    assert sketch("") is None
    assert sketch("Page 3 of 18") is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("rated for 16 bar", True),
        ("rated for 12 bar", False),
        ("rated for 1.6 bar", False),
        ("not rated for 16 bar", False),
        ("RATED, for: 16 bar!", True),
    ],
)
def test_another_number_or_negation_is_another_fact(text: str, same: bool) -> None:
    assert says_the_same(text, "It is rated for 16 bar.") is same


@given(TEXTS)
def test_a_text_is_its_own_duplicate_and_its_marks_fit_in_sql(text: str) -> None:
    made = sketch(text)
    if made is not None:
        assert resemblance(made.shingles, made.shingles) == 1.0
        assert len(made.bands) == BANDS
        assert all(-(2**63) <= mark < 2**63 for mark in made.bands)
        assert sketch(text) is not None


@given(TEXTS, TEXTS)
def test_resemblance_is_symmetric_and_a_share(one: str, other: str) -> None:
    left, right = sketch(one), sketch(other)
    if left is not None and right is not None:
        share = resemblance(left.shingles, right.shingles)
        assert share == resemblance(right.shingles, left.shingles)
        assert 0.0 <= share <= 1.0


def test_the_marks_are_those_of_every_release() -> None:
    """They are kept in stores for years: other ones would find none of the old."""
    made = sketch(PUMP)
    assert made is not None
    assert made.bands[:2] == MARKS


MARKS = (-4185417591054644474, 4075354396587563422)
