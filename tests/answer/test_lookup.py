"""Rows of tables answered by their key, and nothing where the table has no such key."""

from __future__ import annotations

import pytest

from rag.answer.ask import Ask
from rag.answer.constraints import constraints_of
from rag.answer.lookup import Looked, look_up
from rag.answer.picked import claim_of
from rag.answer.region import region
from rag.service import Service
from rag.types import Chunk, Document, Hit, Span
from tests.answer.corpus import put

KILNS = (
    "Kilns\n\n"
    "Kiln | Peak heat (°C) | Load | Fee\nKB-7 | 1,240 | 60 kg | 12 GBP\nKB-9 | 1,310 | 85 kg | 18 GBP\n"
    "Old Tom | 990 | 140 kg | 9 GBP"
)
TURNED = "Tents\n\n | Lark | Heron\nSleeps | 2 people | 5 people\nPacked size | 40 cm | 70 cm"
FEES_2021 = "Fees 2021\n\nBerth | Fee per night\nInner quay | 14 EUR\nMooring | 8 EUR"
FEES = "Fees\n\nBerth | Fee per night\nInner quay | 19 EUR\nMooring | 11 EUR"
DESKS = "Desks\n\nName | Site | Desk\nR. Holm | Bergen | D-14\nR. Holm | Oslo | D-52\nT. Aas | Oslo | D-53"


def hit_of(text: str, number: int = 0) -> Hit:
    title = text.partition("\n")[0]
    document = Document(f"d{number}", "c", f"{number}.md", title, "text/markdown", "")
    return Hit(Chunk(f"c{number}", document.id, 0, 0, len(text), None, (title,), text), document, 1.0)


def looked(service: Service, question: str, *texts: str) -> tuple[Looked, list[str]]:
    hits = [hit_of(text, n) for n, text in enumerate(texts)]
    found = look_up(question, hits, service.models.encoder, dict(zip(("d0", "d1"), texts, strict=False)).get)
    return found, [claim_of(pick, hits[pick.grid.hit]).text for pick in found.picks]


@pytest.mark.parametrize(
    ("question", "text", "answers"),
    [
        ("What is the load of KB-9?", KILNS, ["KB-9: 85 kg (Load)"]),
        ("kb9 load?", KILNS, ["KB-9: 85 kg (Load)"]),
        ("What is the peak heat of Old Tom?", KILNS, ["Old Tom: 990 °C (Peak heat)"]),
        ("How much does the KB-7 cost?", KILNS, ["KB-7: 12 GBP (Fee)"]),
        ("Which kiln has a load of 140 kg?", KILNS, ["Old Tom: 140 kg (Load)"]),
        ("Which kiln has the highest fee?", KILNS, ["KB-9: 18 GBP (Fee)"]),
        ("Tell me about KB-7.", KILNS, ["Kiln: KB-7; Peak heat (°C): 1,240; Load: 60 kg; Fee: 12 GBP"]),
        ("What is the load of KB-7 and KB-9?", KILNS, ["KB-7: 60 kg (Load)", "KB-9: 85 kg (Load)"]),
        ("What is the packed size of the Heron?", TURNED, ["Packed size: 70 cm (Heron)"]),
        ("What is the desk of R. Holm in Oslo?", DESKS, ["R. Holm · Oslo: D-52 (Desk)"]),
        (
            "What is the desk of R. Holm?", DESKS,
            ["R. Holm · Bergen: D-14 (Desk)", "R. Holm · Oslo: D-52 (Desk)"],
        ),
    ],
)  # fmt: skip
def test_key_and_column_are_answered_by_the_cell(
    service: Service, question: str, text: str, answers: list[str]
) -> None:
    assert looked(service, question, text)[1] == answers


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the load of KB-8?", KILNS),
        ("What is the glaze of KB-7?", KILNS),
        ("Which kiln has a load of 61 kg?", KILNS),
        ("What is the desk of T. Holm?", DESKS),
        ("What is the desk of T. Aas in Bergen?", DESKS),
    ],
)
def test_what_a_table_lacks_is_no_other_row(service: Service, question: str, text: str) -> None:
    found, answers = looked(service, question, text)
    assert answers == []
    start = text.index("\n\n") + 2
    for line in text[start:].split("\n"):
        assert found.bars("d0", Span(start, start + len(line)))
        start += len(line) + 1


def test_the_year_above_decides_between_tables(service: Service) -> None:
    dated = looked(service, "What was the fee per night of a mooring in 2021?", FEES, FEES_2021)[1]
    assert dated == ["Mooring: 8 EUR (Fee per night, Fees 2021)"]
    assert looked(service, "What is the fee per night of a mooring?", FEES, FEES_2021)[1] == [
        "Mooring: 11 EUR (Fee per night)"
    ]


def test_the_service_answers_by_the_key_or_abstains(service: Service) -> None:
    service.store.collections.create("kilns")
    put(service, "kilns", "kilns.md", KILNS)
    answer = service.answerer.answer(Ask("What is the load of KB-9?", "kilns"))
    assert answer.text == "KB-9: 85 kg (Load) [1][2]"
    assert [citation.quote.split(" | ")[0] for citation in answer.citations] == ["Kiln", "KB-9"]
    for citation in answer.citations:
        assert KILNS[citation.start : citation.end] == citation.quote
    assert service.answerer.answer(Ask("What is the load of KB-8?", "kilns")).abstained


def test_a_paragraph_comes_without_what_is_not_asked(service: Service) -> None:
    service.store.collections.create("boats")
    text = "Boats\n\nThe dinghy is four metres long. It has no anchor. The ferry has an anchor."
    put(service, "boats", "boats.md", text)
    answer = service.answerer.answer(Ask("Which boat has no anchor?", "boats"))
    assert "It has no anchor" in answer.text
    assert "The ferry" not in answer.text


@pytest.mark.parametrize(
    ("question", "text", "above", "fails"),
    [
        ("Who keeps the eastern lighthouse?", "Ida Berg keeps it.", "Western lighthouse", True),
        ("Who keeps the eastern lighthouse?", "Ida Berg keeps it.", "Eastern lighthouse", False),
        ("How tall is the tower?", "The tower weighs 300 tonnes.", "Tower", True),
        ("How tall is the tower?", "It rises forty metres above the sea.", "Tower", False),
        ("How much does a visit cost?", "A visit is free.", "Tower", False),
        ("What was built in 1931?", "The annex was built in 1954.", "Tower", True),
        ("How many boats does it keep?", "It keeps three goats.", "Tower", True),
        ("Who owns berth C?", "The harbour owns berth D.", "Tower", True),
        ("Who owns berth C?", "The harbour owns berths C and D.", "Tower", False),
        ("Which boat has no anchor?", "The ferry has an anchor.", "Boats", True),
        ("Which boat has no anchor?", "The dinghy has no anchor.", "Boats", False),
        ("Which boat is without an anchor?", "The ferry is red.", "Boats", False),
    ],
)
def test_a_part_keeps_to_what_is_asked(question: str, text: str, above: str, fails: bool) -> None:
    passages = [f"{above} {text}", "In 1931 two boats sank. One had no anchor."]
    assert constraints_of(question, passages).fails(text, above, text) is fails


def test_a_sentence_that_goes_on_over_the_page_end_is_whole() -> None:
    text = "Rinse it. The kiln is cooled slowly for at least\n\nnine hours before it is opened. Then sweep."
    for word in ("cooled", "nine"):
        at = text.index(word)
        spans = region(text, Span(at, at + 4), whole=False).spans
        assert "The kiln is cooled slowly for at least\n\nnine hours before it is opened." in [
            text[span.start : span.end] for span in spans
        ]
