"""Values of a claim against those of its evidence: by row and column, by clause and subject."""

from __future__ import annotations

import pytest

from rag.check.clauses import conjuncts
from rag.check.compare import compare
from rag.check.echo import states_nothing

ROOMS = "Room | Seats | Area (m²) | Rent\nOak | 40 | 55 | €120\nElm | 65 | 80 | €210\nAsh | 12 | 18 | €45"
FERRIES = "The ferry Ida carries 40 cars. The ferry Berta carries 25 cars and is 61 m long."


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The rent of Oak is 120 EUR.", ROOMS),
        ("The area of Elm is 80 square metres.", ROOMS),
        ("The ferry Berta carries twenty-five cars.", FERRIES),
        ("The ferry Berta is 61 metres long.", FERRIES),
        ("The library closes at 6 pm.", "The library closes at 18:00 on weekdays."),
        ("Das Becken fasst 2,5 m³.", "Das Becken fasst 2.500 Liter Wasser."),
        ("It weighs 2 kg.", "# Drill D5\nIt weighs 2000 g."),
    ],
)
def test_every_word_and_value_is_there(claim: str, evidence: str) -> None:
    assert compare(claim, [evidence]).is_carried


@pytest.mark.parametrize(
    ("claim", "wrong", "evidence"),
    [
        ("The rent of Oak is 210 EUR.", "210 EUR", ROOMS),
        ("Ash has 65 seats.", "65", ROOMS),
        ("The area of Elm is 55 m².", "55 m²", ROOMS),
        ("The ferry Ida carries 25 cars.", "25", FERRIES),
        ("The library closes at 7 pm.", "7 pm", "The library closes at 18:00 on weekdays."),
        ("Line A draws 16 A.", "16 A", "Line A draws 10 A and line B draws 16 A."),
        ("Tank 2 holds 900 litres.", "900 litres", "Tank 1 holds 900 l. Tank 2 holds 700 l."),
        ("The loan was repaid on 4 June 2021.", "4 June 2021", "The loan was repaid on 2021-06-14."),
    ],
)
def test_the_value_of_something_else_clashes(claim: str, wrong: str, evidence: str) -> None:
    clash = compare(claim, [evidence]).clash
    assert clash is not None
    assert claim[clash.claimed.start : clash.claimed.end] == wrong


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The ferry Clara carries 30 cars.", FERRIES),
        ("The ferry Ida was painted in 2019.", FERRIES),
        ("The ferry Ida is blue.", FERRIES),
        ("Children pay 3 euros.", "Adults pay 8 euros. A locker costs 2 euros."),
    ],
)
def test_what_is_not_told_clashes_with_nothing(claim: str, evidence: str) -> None:
    found = compare(claim, [evidence])
    assert found.clash is None
    assert not found.is_carried


def test_a_restriction_that_the_claim_drops_is_not_carried() -> None:
    evidence = "The pool opens at 8:00 only if the guard is there."
    assert not compare("The pool opens at 8 am.", [evidence]).is_carried


def test_facts_stay_apart_by_passage() -> None:
    evidence = ["The oak is 21 m high.", "The beech is 30 m high."]
    claim = "The oak is 21 metres high and the beech is 30 metres high."
    assert compare(claim, evidence).is_carried
    assert compare(claim.replace("21", "31"), evidence).clash is not None
    assert compare("The oak is 30 m high and the beech is 21 m high.", evidence).clash is not None


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("The oak is old and the beech is young.", ["The oak is old.", "The beech is young."]),
        ("The mill was built by Harrow and is closed on Mondays.",
         ["The mill was built by Harrow.", "The mill is closed on Mondays."]),
        ("The dogs and cats sleep.", []),
        ("It holds 5 and 6 litres.", []),
    ],
)  # fmt: skip
def test_sentences_are_parted_into_statements(sentence: str, parts: list[str]) -> None:
    assert conjuncts(sentence) == parts


@pytest.mark.parametrize(
    ("claim", "question", "empty"),
    [
        ("When does the library close?", None, True),
        ("The library closes.", "When does the library close?", True),
        ("The library closes at 6 pm.", "When does the library close?", False),
        ("The library is closed.", "Is the library closed?", False),
        ("The oak is older.", "Which is older, the oak or the beech?", False),
    ],
)
def test_an_echo_states_nothing(claim: str, question: str | None, empty: bool) -> None:
    assert states_nothing(claim, question) is empty
