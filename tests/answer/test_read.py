"""Extractive answers: every word is the passage's own."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.finish import assemble
from rag.answer.read import answer_spans, best_reading, evidence_in_chunk, quote_answer
from rag.answer.tables import passage, with_header
from rag.models.types import EvidenceToken, Reading, ReadResult
from rag.types import Hit
from tests.answer.samples import LUNCH, PUMP, hit


def reading(hits: list[Hit], passage: int, text: str, probability: float) -> Reading:
    start = hits[passage].chunk.text.index(text)
    return Reading(passage, start, start + len(text), text, probability)


def answer(hits: list[Hit], *readings: Reading) -> tuple[str, list[str]]:
    cited = assemble(quote_answer(ReadResult(readings, 0.1, (0.0,) * len(hits)), hits, 0.5), hits)
    return cited.text, [citation.quote for citation in cited.citations]


def test_the_sentence_around_the_span_is_quoted() -> None:
    hits = [hit(LUNCH, start=50)]
    assert answer(hits, reading(hits, 0, "8 euros", 0.9)) == (
        "Lunch costs 8 euros [1].",
        ["Lunch costs 8 euros."],
    )


def test_the_best_reading_alone_is_quoted() -> None:
    hits = [hit(PUMP), hit(LUNCH, source="b.md")]
    text, _ = answer(hits, reading(hits, 1, "8 euros", 0.9), reading(hits, 0, "16 bar", 0.8))
    assert text == "Lunch costs 8 euros [1]."


def test_a_span_over_several_sentences_quotes_each() -> None:
    hits = [hit(LUNCH)]
    assert answer(hits, reading(hits, 0, "8 euros. Guests pay 11", 0.9)) == (
        "Lunch costs 8 euros [1]. Guests pay 11 euros [2].",
        ["Lunch costs 8 euros.", "Guests pay 11 euros."],
    )


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    hits = [hit(PUMP, start=50)]
    assert answer(hits, reading(hits, 0, "40 kg", 0.9)) == (
        "The P-200 pump is rated for a pressure of 16 bar [1]. "
        "It weighs 40 kg and ships with a two-year warranty [2].",
        [
            "The P-200 pump is rated for a pressure of 16 bar.",
            "It weighs 40 kg and ships with a two-year warranty.",
        ],
    )


def test_a_title_is_nothing_to_lean_on() -> None:
    hits = [hit("The Tower\n\nIt was built in 1974.")]
    assert answer(hits, reading(hits, 0, "1974", 0.9))[0] == "It was built in 1974 [1]."


RULES = (
    "Swimming rules\n\nDogs may not swim in the lake. It is fenced. Dogs on a lead may walk around it. "
    "Boats are for hire. Fishing needs a licence"
)


def heeded(hits: list[Hit], passage: int, *sentences: str) -> tuple[EvidenceToken, ...]:
    text = hits[passage].chunk.text
    header = hits[passage].header
    shift = len(header) + 1 if header else 0
    places = [(text.index(s), text.index(s) + len(s)) for s in sentences]
    return tuple(
        EvidenceToken(
            shift + m.start(), shift + m.end(), 2.0 if any(a <= m.start() < b for a, b in places) else -2.0
        )
        for m in re.finditer(r"\w+|[^\w\s]", text)
    )


def told(hits: list[Hit], span: str, *evidence: str) -> str:
    result = ReadResult((reading(hits, 0, span, 0.9),), 0.1, (0.0,), (heeded(hits, 0, *evidence),))
    return assemble(quote_answer(result, hits, 0.5), hits).text


def test_other_sentences_of_evidence_are_quoted_in_the_order_of_the_text() -> None:
    hits = [hit(RULES)]
    lead, walk = "Dogs may not swim in the lake.", "Dogs on a lead may walk around it."
    assert told(hits, "may walk", lead, walk) == (
        "Dogs may not swim in the lake [1]. Dogs on a lead may walk around it [2]."
    )
    assert told(hits, "may walk", walk) == "Dogs on a lead may walk around it [1]."
    assert told(hits, "may walk") == "Dogs on a lead may walk around it [1]."


def test_evidence_is_three_sentences_at_most_and_whole_ones() -> None:
    hits = [hit(RULES)]
    everything = told(hits, "may not swim", *(s.strip() for s in re.split(r"(?<=[.])\s|\n\n", RULES)))
    assert everything == (
        "Dogs may not swim in the lake [1]. It is fenced [2]. Dogs on a lead may walk around it [3]."
    )
    assert told(hits, "Boats", "Swimming rules", "Fishing needs a licence") == "Boats are for hire [1]."
    assert told(hits, "Boats", "It is fenced.") == "Boats are for hire [1]."


def test_nothing_is_added_to_a_table_row_and_a_header_has_no_evidence() -> None:
    rows = "P-100 | 10 bar | quiet\nP-200 | 16 bar | loud\n\nBoth are blue."
    hits = [replace(hit(rows), header="Model | Pressure | Note")]
    shift = len("Model | Pressure | Note") + 1
    start = rows.index("16 bar") + shift
    found = Reading(0, start, start + 6, "16 bar", 0.9)
    marks = heeded(hits, 0, "P-100 | 10 bar | quiet", "Both are blue.")
    result = ReadResult((found,), 0.1, (0.0,), (marks,))
    assert "blue" not in assemble(quote_answer(result, hits, 0.5), hits).text
    words = [EvidenceToken(0, 5, 9.0), EvidenceToken(shift, shift + 5, 1.0)]
    assert evidence_in_chunk(hits[0], words) == [EvidenceToken(0, 5, 1.0)]


def test_nothing_sure_is_no_answer() -> None:
    hits = [hit(PUMP)]
    assert answer(hits, reading(hits, 0, "40 kg", 0.49)) == ("", [])


TABLE = "Ratings of the pumps\n\nModel | Pressure | Note\nP-100 | 10 bar | \nP-200 | 16 bar | loud"


def test_a_table_row_is_quoted_with_its_header() -> None:
    hits = [hit(TABLE, start=10)]
    text, quotes = answer(hits, reading(hits, 0, "16 bar", 0.9))
    assert text == "Model: P-200; Pressure: 16 bar; Note: loud [1][2]"
    assert quotes == ["Model | Pressure | Note", "P-200 | 16 bar | loud"]


@pytest.mark.parametrize(
    "table", ["| A | B | C |\n|---|---|---|\n| x | y | 16 bar |", "A\tB\tC\nx\ty\t16 bar"]
)
def test_tables_in_other_dress(table: str) -> None:
    hits = [hit(table)]
    assert answer(hits, reading(hits, 0, "16 bar", 0.9))[0] == "A: x; B: y; C: 16 bar [1][2]"


def test_the_header_of_a_long_table_comes_from_the_document() -> None:
    start = TABLE.index("P-200")
    hits = [hit(TABLE[start:], start=start)]
    result = ReadResult((reading(hits, 0, "16 bar", 0.9),), 0.1, (0.0,))
    cited = assemble(quote_answer(result, hits, 0.5, lambda _: TABLE), hits)
    assert cited.text == "Model: P-200; Pressure: 16 bar; Note: loud [1][2]"
    assert [c.quote for c in cited.citations] == [TABLE[c.start : c.end] for c in cited.citations]
    assert cited.citations[0].quote == "Model | Pressure | Note"


def test_a_model_reads_the_header_but_no_answer_lies_in_it() -> None:
    start = TABLE.index("P-200")
    found = with_header(hit(TABLE[start:], start=start), lambda _: TABLE)
    assert passage(found) == "Model | Pressure | Note\nP-200 | 16 bar | loud"
    at = passage(found).index("16 bar")
    readings = (Reading(0, 8, 16, "Pressure", 0.9), Reading(0, at, at + 6, "16 bar", 0.8))
    best = best_reading(ReadResult(readings, 0.1, (0.0,)), [found])
    assert best is not None
    assert found.chunk.text[best.start : best.end] == "16 bar"
    assert with_header(hit(TABLE), lambda _: TABLE).header == ""
    assert with_header(hit("Prose.", start=9), lambda _: "x" * 9 + "Prose.").header == ""


@pytest.mark.parametrize(
    "table",
    [
        "Weight | 40 kg\nPressure | 16 bar",
        "P-100 | 10 bar | 3\nP-200 | 16 bar | 4",
        "A | B\nP-200 | 16 bar | loud",
        "P-200 | 16 bar | loud",
    ],
)
def test_a_row_without_a_clear_header_stands_alone(table: str) -> None:
    hits = [hit(table)]
    row = next(line for line in table.splitlines() if "16 bar" in line)
    assert answer(hits, reading(hits, 0, "16 bar", 0.9)) == (f"{row} [1]", [row])


def test_a_row_far_below_an_unseen_header_stands_alone() -> None:
    hits = [hit("P-100 | ten | quiet\nP-200 | 16 bar | loud", start=500)]
    assert answer(hits, reading(hits, 0, "16 bar", 0.9))[0] == "P-200 | 16 bar | loud [1]"


def test_a_list_item_is_quoted_with_what_introduces_the_list() -> None:
    hits = [hit("Parking is free. These are closed on Mondays:\n- the museum\n- the tower")]
    text, quotes = answer(hits, reading(hits, 0, "tower", 0.9))
    assert text == "These are closed on Mondays [1]: the tower [2]"
    assert quotes == ["These are closed on Mondays:", "- the tower"]


def test_an_endless_sentence_is_cut_around_the_span() -> None:
    hits = [hit("word " * 400 + "needle " + "word " * 400)]
    _, (quote,) = answer(hits, reading(hits, 0, "needle", 0.9))
    assert "needle" in quote
    assert len(quote) <= 500
    assert set(quote.split()) == {"word", "needle"}


@given(st.text(min_size=1, max_size=300), st.data())
def test_any_span_of_any_text_is_quoted_exactly(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    spans = answer_spans(text, start, end)
    assert 1 <= len(spans) <= 3
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    hits = [hit("xx" + text, start=0), hit(text, start=40)]
    claims = quote_answer(
        ReadResult((Reading(1, start, end, text[start:end], 0.9),), 0.0, (0.0, 0.0)), hits, 0.5
    )
    for citation in assemble(claims, hits).citations:
        assert citation.quote == (" " * 40 + text)[citation.start : citation.end]
