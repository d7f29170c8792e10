"""Parts of passages: cut, scored by the real models, chosen."""

from __future__ import annotations

import pytest

from rag.answer.question import shape_of
from rag.answer.select import GAP, MOST, WORDS, chosen, is_heading, preselected, select, threshold, units_of
from rag.answer.tables import passage
from rag.service import Service
from rag.types import Hit, Span
from tests.answer.samples import LUNCH, PUMP, hit

STAFF = (
    "Name | Role | Room | Phone\nPetra Vane | Miller | 101 | 4471\nUlla Frey | Clerk | 202 | 4472\n"
    "Jon Abel | Guard | 303 | 4473"
)
RULES = (
    "House rules\n\nVisitors may park in the south yard. Visitors may not park in the north yard.\n\n"
    "Bring these with you:\n"
    "- a passport\n- a helmet\n- shoes with steel caps"
)


def answered(service: Service, question: str, hits: list[Hit]) -> list[str]:
    models = service.models
    result = models.reader.read(question, [passage(one) for one in hits])
    found = select(question, shape_of(question), hits, models.encoder, result, None)
    return [" / ".join(u.source.text[s.start : s.end] for s in u.region.spans) for u in found.units]


def test_parts_are_sentences_lists_and_rows_and_no_headings() -> None:
    found = units_of("list", [hit(RULES), hit(STAFF)], None)
    assert [unit.region.kind for unit in found] == [
        "sentences",
        "sentences",
        "list",
        "row",
        "row",
        "row",
        "row",
    ]
    assert "Name | Role | Room | Phone\nUlla Frey" in found[-2].text
    assert not any(unit.text == "House rules" for unit in found)


def test_a_list_is_one_part_only_where_it_is_asked_for() -> None:
    kinds = [unit.region.kind for unit in units_of("value", [hit(RULES)], None)]
    assert kinds.count("list") == 4  # the line above it, which announces all, and each item


@pytest.mark.parametrize(
    ("text", "place", "heading"),
    [
        ("House rules\n\nVisitors may park.", Span(0, 11), True),
        ("Visitors may park.\n\nBring a helmet.", Span(0, 18), False),
        ("Brass\nand iron are heavy.", Span(0, 5), False),
        ("The last line", Span(0, 13), False),
        ("1. Open\n\nThen wait.", Span(0, 7), False),
    ],
)
def test_a_heading_is_a_short_line_alone(text: str, place: Span, heading: bool) -> None:
    assert is_heading(text, place) is heading


def test_the_row_that_the_question_names_is_chosen(service: Service) -> None:
    first = answered(service, "What is the room of Ulla Frey?", [hit(STAFF)])[0]
    assert first == "Ulla Frey | Clerk | 202 | 4472"


def test_the_sentence_that_answers_comes_first(service: Service) -> None:
    assert "not park in the north yard" in answered(service, "Where may visitors not park?", [hit(RULES)])[0]
    assert (
        "11 euros" in answered(service, "How much do guests pay?", [hit(PUMP), hit(LUNCH, source="b.md")])[0]
    )


def test_a_whole_list_is_chosen_for_a_list(service: Service) -> None:
    first = answered(service, "What are the things to bring?", [hit(RULES)])[0]
    assert first.startswith("Bring these with you:")
    assert first.endswith("shoes with steel caps")


def test_nothing_is_quoted_twice_and_there_is_an_end() -> None:
    hits = [hit(" ".join(f"Valve {n} of the pump closes at {n} bar." for n in range(60)))]
    units = units_of("passage", hits, None)
    kept = chosen(units, [1.0] * len(units), hits)
    spans = [span for unit in kept for span in unit.region.spans]
    assert len(spans) == len(set(spans))
    assert len(kept) <= MOST
    assert sum(len(unit.text.split()) for unit in kept) <= WORDS
    assert len(preselected("valve 7", units, hits)) < len(units)


def test_what_is_far_behind_the_best_is_left_out() -> None:
    hits = [hit("\n\n".join(f"Valve {n} of the pump closes at {n} bar." for n in range(4)))]
    units = units_of("passage", hits, None)
    near = chosen(units, [3.0, 2.0, 3.0 - GAP - 0.1, 1.0], hits)
    assert [unit.text[:7] for unit in near] == ["Valve 0", "Valve 1", "Valve 3"]


def test_a_whole_list_stands_alone() -> None:
    steps = "Do this:\n\n1. Open the lid.\n2. Take it out.\n3. Close the lid."
    hits = [hit(f"{steps}\n\nThe lid is blue. It was made in Port Ansel.")]
    units = units_of("steps", hits, None)
    best = next(n for n, unit in enumerate(units) if unit.region.kind == "list")
    kept = chosen(units, [float(n == best) for n in range(len(units))], hits)
    assert [unit.region.kind for unit in kept] == ["list"]


def test_more_right_answers_take_more_confidence() -> None:
    values = [threshold(accuracy / 20) for accuracy in range(21)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0.0, 1.0)
