"""Extractive answers: every word is the passage's own, in the smallest whole that holds the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.finish import Cited, assemble
from rag.answer.read import claims_of
from rag.answer.region import region
from rag.answer.select import Unit, source_of
from rag.answer.tables import TextOf, passage, with_header
from rag.types import Hit, Span
from tests.answer.samples import LUNCH, PUMP, hit


def cited(found: Hit, place: Span, *, whole: bool = False, text_of: TextOf | None = None) -> Cited:
    """What is quoted for a place of the hit's text."""
    source = source_of(found, text_of)
    shift = found.chunk.start - source.start
    where = Span(place.start + shift, place.end + shift)
    part = region(source.text, where, whole=whole, headings=found.chunk.headings)
    return assemble(claims_of(Unit(0, source, part, "", "", whole), [found], text_of), [found])


def quoted(
    found: Hit, words: str, *, whole: bool = False, text_of: TextOf | None = None
) -> tuple[str, list[str]]:
    start = found.chunk.text.index(words)
    made = cited(found, Span(start, start + len(words)), whole=whole, text_of=text_of)
    return made.text, [citation.quote for citation in made.citations]


def test_the_sentence_around_the_place_is_quoted() -> None:
    assert quoted(hit(LUNCH, start=50), "8 euros") == ("Lunch costs 8 euros [1].", ["Lunch costs 8 euros."])


def test_a_place_over_several_sentences_quotes_each() -> None:
    assert quoted(hit(LUNCH), "8 euros. Guests pay 11") == (
        "Lunch costs 8 euros [1]. Guests pay 11 euros [2].",
        ["Lunch costs 8 euros.", "Guests pay 11 euros."],
    )


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    assert quoted(hit(PUMP, start=50), "40 kg") == (
        "The P-200 pump is rated for a pressure of 16 bar [1]. "
        "It weighs 40 kg and ships with a two-year warranty [2].",
        [
            "The P-200 pump is rated for a pressure of 16 bar.",
            "It weighs 40 kg and ships with a two-year warranty.",
        ],
    )


def test_a_title_is_nothing_to_lean_on() -> None:
    assert quoted(hit("The Tower\n\nIt was built in 1974."), "1974")[0] == "It was built in 1974 [1]."


def test_a_sentence_may_begin_in_the_chunk_before_and_end_in_the_one_behind() -> None:
    text = "The start of the standby unit takes about\nforty minutes when the oil is cold. Then it runs."
    middle = text.index("about")
    found = hit(text[middle : middle + 12], start=middle)
    answer, (quote,) = quoted(found, "forty", text_of=lambda _: text)
    assert quote == "The start of the standby unit takes about\nforty minutes when the oil is cold."
    assert answer == "The start of the standby unit takes about forty minutes when the oil is cold [1]."


STEPS = (
    "Starting the pump\n\nTo start the pump:\n\n1. Open the inlet valve.\n2. Wait until the gauge shows\n"
    "2 bar.\n"
    "3. Press start.\n\nThe pump then runs by itself."
)


def test_steps_are_complete_and_keep_their_numbers() -> None:
    text, quotes = quoted(hit(STEPS), "Wait until", whole=True)
    assert text == (
        "To start the pump [1]:\n1. Open the inlet valve [1].\n2. Wait until the gauge shows 2 bar [1].\n"
        "3. Press start [1]."
    )
    assert quotes == [STEPS[STEPS.index("To start") : STEPS.index("\n\nThe pump then")]]


def test_the_line_that_announces_a_list_brings_it_along() -> None:
    assert quoted(hit(STEPS), "To start", whole=True)[0].endswith("3. Press start [1].")


def test_a_list_may_go_on_in_the_next_chunk() -> None:
    end = STEPS.index("2. Wait")
    text, _ = quoted(hit(STEPS[:end]), "Open", whole=True, text_of=lambda _: STEPS)
    assert text.endswith("3. Press start [1].")


def test_one_item_stands_without_the_others() -> None:
    assert quoted(hit(STEPS), "Wait until")[0] == (
        "To start the pump [1]: Wait until the gauge shows 2 bar [2]."
    )


def test_a_long_list_is_cut_to_the_first_sentence_of_each_item() -> None:
    items = [f"- Valve {n} is opened. " + "This takes a while, as the seat is old. " * 8 for n in range(6)]
    text, _ = quoted(hit("Open them:\n" + "\n".join(items)), "Valve 4", whole=True)
    assert "Valve 5 is opened" in text
    assert "takes a while" not in text


def test_a_block_of_code_comes_with_its_sentence() -> None:
    code = "sudo systemctl restart pump\njournalctl -u pump --since=now"
    page = f"Restart the service with this command:\n\n{code}\n\nDone."
    text, _ = quoted(hit(page), "Restart")
    assert "sudo systemctl restart pump" in text
    assert text.startswith("Restart the service with this command")


TABLE = "Ratings of the pumps\n\nModel | Pressure | Note\nP-100 | 10 bar | \nP-200 | 16 bar | loud"


def test_a_table_row_is_quoted_with_its_header() -> None:
    text, quotes = quoted(hit(TABLE, start=10), "16 bar")
    assert text == "Model: P-200; Pressure: 16 bar; Note: loud [1][2]"
    assert quotes == ["Model | Pressure | Note", "P-200 | 16 bar | loud"]


@pytest.mark.parametrize(
    "table", ["| A | B | C |\n|---|---|---|\n| x | y | 16 bar |", "A\tB\tC\nx\ty\t16 bar"]
)
def test_tables_in_other_dress(table: str) -> None:
    assert quoted(hit(table), "16 bar")[0] == "A: x; B: y; C: 16 bar [1][2]"


def test_the_header_of_a_long_table_comes_from_the_document() -> None:
    start = TABLE.index("P-200")
    found = cited(hit(TABLE[start:], start=start), Span(8, 14), text_of=lambda _: TABLE)
    assert found.text == "Model: P-200; Pressure: 16 bar; Note: loud [1][2]"
    assert [c.quote for c in found.citations] == [TABLE[c.start : c.end] for c in found.citations]
    assert found.citations[0].quote == "Model | Pressure | Note"


def test_a_model_reads_the_header_of_a_table() -> None:
    start = TABLE.index("P-200")
    found = with_header(hit(TABLE[start:], start=start), lambda _: TABLE)
    assert passage(found) == "Model | Pressure | Note\nP-200 | 16 bar | loud"
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
    row = next(line for line in table.splitlines() if "16 bar" in line)
    assert quoted(hit(table), "16 bar") == (f"{row} [1]", [row])


def test_a_row_far_below_an_unseen_header_stands_alone() -> None:
    found = hit("P-100 | ten | quiet\nP-200 | 16 bar | loud", start=500)
    assert quoted(found, "16 bar")[0] == "P-200 | 16 bar | loud [1]"


def test_a_list_item_is_quoted_with_what_introduces_the_list() -> None:
    found = hit("Parking is free. These are closed on Mondays:\n- the museum\n- the tower")
    text, quotes = quoted(found, "tower")
    assert text == "These are closed on Mondays [1]: the tower [2]"
    assert quotes == ["These are closed on Mondays:", "- the tower"]


def test_an_endless_sentence_is_cut_around_the_span() -> None:
    _, (quote,) = quoted(hit("word " * 400 + "needle " + "word " * 400), "needle")
    assert "needle" in quote
    assert len(quote) <= 500
    assert set(quote.split()) == {"word", "needle"}


@given(st.text(min_size=1, max_size=300), st.data())
def test_any_span_of_any_text_is_quoted_exactly(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    whole = data.draw(st.booleans())
    spans = region(text, Span(start, end), whole=whole).spans
    assert spans
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    for citation in cited(hit(text, start=40), Span(start, end), whole=whole).citations:
        assert citation.quote == (" " * 40 + text)[citation.start : citation.end]
