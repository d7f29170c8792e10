"""The checker that compares values before the shipped net speaks."""

from __future__ import annotations

import pytest

from rag.models.checker import OnnxChecker
from rag.models.comparing import ComparingChecker
from rag.types import Verdict


@pytest.fixture(scope="module")
def comparing(checker: OnnxChecker) -> ComparingChecker:
    return ComparingChecker(checker)


def verdict(checker: ComparingChecker, claim: str, *evidence: str, question: str | None = None) -> Verdict:
    return checker.check([claim], [list(evidence)], question)[0]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The cistern holds 2,400 litres.", "The cistern holds 2400 litres."),
        ("The beam is 8.0 cm wide.", "The beam is 80 mm wide."),
        ("The chapel was opened on 9 August 1987.", "The chapel was opened on 1987-08-09."),
        ("The tour starts at 3 pm.", "The tour starts at 15:00."),
        ("The permit costs 30 EUR.", "The permit costs €30."),
        ("A day pass is 12 CHF.", "Pass | Price\nDay | CHF 12\nWeek | CHF 55"),
    ],
)
def test_the_same_value_in_another_form_is_supported(
    comparing: ComparingChecker, claim: str, evidence: str
) -> None:
    assert verdict(comparing, claim, evidence).label == "supported"


def test_two_passages_are_joined_and_both_named(comparing: ComparingChecker) -> None:
    evidence = ("The barn was built by Ellis. It is red.", "The stable was built by Novak in spring.")
    found = verdict(comparing, "The barn was built by Ellis and the stable was built by Novak.", *evidence)
    assert found.label == "supported"
    assert {place.context for place in found.evidence} == {0, 1}
    crossed = verdict(comparing, "The barn was built by Novak and the stable was built by Ellis.", *evidence)
    assert crossed.label != "supported"


def test_the_value_of_another_row_is_contradicted_and_marked(comparing: ComparingChecker) -> None:
    table = "Tree | Height | Age\nOak | 21 m | 90 years\nBeech | 30 m | 120 years"
    claim = "The height of the oak is 30 m."
    found = verdict(comparing, claim, table)
    assert found.label == "contradicted"
    assert [claim[span.start : span.end] for span in found.unsupported_spans] == ["30 m"]
    assert table[found.evidence[0].start : found.evidence[0].end] == "Oak | 21 m | 90 years"


def test_marks_count_in_the_claim_as_it_was_written(comparing: ComparingChecker) -> None:
    claim = "The cistern in Munich holds 2,400 litres of sea water."
    found = verdict(comparing, claim, "The cistern in Hamburg holds 2400 l of rain water. It is deep.")
    assert all(0 <= span.start < span.end <= len(claim) for span in found.unsupported_spans)


def test_an_echo_of_the_question_is_not_supported(comparing: ComparingChecker) -> None:
    evidence = "The tour starts at 15:00 at the gate."
    assert verdict(comparing, "When does the tour start?", evidence).label == "unsupported"
    echo = verdict(comparing, "The tour starts.", evidence, question="When does the tour start?")
    assert echo.label == "unsupported"
