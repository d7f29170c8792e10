"""What curation is measured with: planted cases are what they say, and follow from their seed."""

from __future__ import annotations

from random import Random

import pytest
from stdnum import iban, luhn
from stdnum.es import dni
from stdnum.us import ssn

from lab.bench.curation.__main__ import CurationScores, KindCount, markdown
from lab.bench.curation.planting import (
    NO_PERSONAL,
    NO_SECRETS,
    PERSONAL,
    SECRETS,
    inserted,
    misread,
    mojibake,
    renumbered,
    reworded,
)
from lab.bench.curation.retrieval import COPY, count_once

TEXT = "The pump is rated for a working pressure of 16 bar and must never run dry."


@pytest.mark.parametrize("makers", [SECRETS, NO_SECRETS, PERSONAL, NO_PERSONAL])
def test_the_same_seed_plants_the_same(makers: dict[str, object]) -> None:
    for maker in makers.values():
        assert callable(maker)
        assert maker(Random(3)) == maker(Random(3))


def test_planted_numbers_are_valid_and_their_lookalikes_are_not() -> None:
    random = Random(0)

    def digits(text: str) -> str:
        return "".join(one for one in text if one.isdigit())

    for _ in range(50):
        assert luhn.is_valid(digits(PERSONAL["card"](random)))
        assert not luhn.is_valid(digits(NO_PERSONAL["card without check digit"](random)))
        assert iban.is_valid(PERSONAL["IBAN"](random).removeprefix("Pay to ").removesuffix(" by Friday."))
        assert dni.is_valid(PERSONAL["Spanish DNI"](random).removeprefix("DNI ").removesuffix("."))
        assert ssn.is_valid(PERSONAL["US SSN"](random).removeprefix("SSN ").removesuffix("."))


def test_edits_change_what_they_say_and_nothing_else() -> None:
    random = Random(1)
    assert inserted(TEXT, "HERE", random).replace("HERE", "").split() == TEXT.split()
    assert renumbered(TEXT) == TEXT.replace("16", "27")
    assert reworded(TEXT, 0.0, ["x"], random) == TEXT
    changed = reworded(TEXT, 1.0, ["x"], random).split()
    assert changed == [word if word in ("16", "dry.") else "x" for word in TEXT.split()]
    assert misread(TEXT, 0.0, random) == TEXT
    assert misread(TEXT, 0.3, random) != TEXT
    assert mojibake(TEXT, random) != TEXT


def test_a_document_counts_under_its_name_once() -> None:
    assert count_once([f"{COPY}1", "2", "1", "3"]) == ["1", "2", "again 1", "3"]


def test_the_table_tells_planted_cases_from_lookalikes() -> None:
    kinds = (KindCount("secret", "key", True, 10, 9), KindCount("secret", "hash", False, 5, 1))
    reasons = (
        "secret",
        "personal_data",
        "low_quality",
        "language",
        "boilerplate",
        "exact_duplicate",
        "near_duplicate",
    )
    found = CurationScores("report", 0, 2, 7, kinds, dict.fromkeys(reasons, 0), {})
    [line] = [line for line in markdown(found).splitlines() if line.startswith("| secret") and "of 7" in line]
    assert [cell.strip() for cell in line.split("|")[2:-1]] == [
        "9 of 10",
        "0.900",
        "1 of 5",
        "0.900",
        "0 of 7",
    ]
