"""Extractive answers: every word is the passage's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.answer.cite import assemble
from rag.answer.read import enclosing_sentences, quote_answer
from rag.models.types import Reading, ReadResult
from rag.types import Hit
from tests.answer.samples import LUNCH, PUMP, hit


def reading(hits: list[Hit], passage: int, text: str, probability: float) -> Reading:
    start = hits[passage].chunk.text.index(text)
    return Reading(passage, start, start + len(text), text, probability)


def answer(hits: list[Hit], *readings: Reading) -> tuple[str, list[str]]:
    cited = assemble(quote_answer(ReadResult(readings, 0.1, (0.0,) * len(hits)), hits, 0.5), hits)
    return cited.text, [citation.quote for citation in cited.citations]


def test_the_sentence_around_the_span_is_quoted() -> None:
    hits = [hit(PUMP, start=50)]
    assert answer(hits, reading(hits, 0, "40 kg", 0.9)) == (
        "It weighs 40 kg and ships with a two-year warranty [1].",
        ["It weighs 40 kg and ships with a two-year warranty."],
    )


def test_further_sentences_need_the_same_certainty_and_say_something_new() -> None:
    hits = [hit(PUMP), hit(LUNCH, source="b.md"), hit("Lunch: it costs 8 euros.", source="c.md")]
    text, _ = answer(
        hits,
        reading(hits, 1, "8 euros", 0.9),
        reading(hits, 2, "8 euros", 0.8),
        reading(hits, 1, "11 euros", 0.7),
        reading(hits, 0, "40 kg", 0.2),
    )
    assert text == "Lunch costs 8 euros [1]. Guests pay 11 euros [2]."


def test_nothing_sure_is_no_answer() -> None:
    hits = [hit(PUMP)]
    assert answer(hits, reading(hits, 0, "40 kg", 0.49)) == ("", [])


def test_a_table_row_is_quoted_with_its_header() -> None:
    rows = [
        "| Model | Pressure | Note |",
        "|---|---|---|",
        "| P-100 | 10 bar | |",
        "| P-200 | 16 bar | loud |",
    ]
    table = "Ratings of the pumps\n\n" + "\n".join(rows)
    hits = [hit(table, start=10)]
    text, quotes = answer(hits, reading(hits, 0, "16 bar", 0.9))
    assert text == "Model: P-200; Pressure: 16 bar; Note: loud [1][2]"
    assert quotes == ["| Model | Pressure | Note |", "| P-200 | 16 bar | loud |"]


def test_a_list_item_is_quoted_with_what_introduces_the_list() -> None:
    hits = [hit("Parking is free. These are closed on Mondays:\n- the museum\n- the tower")]
    text, quotes = answer(hits, reading(hits, 0, "tower", 0.9))
    assert text == "These are closed on Mondays: [1] the tower [2]"
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
    span = enclosing_sentences(text, start, end)
    assert 0 <= span.start <= span.end <= len(text)
    hits = [hit("xx" + text, start=0), hit(text, start=40)]
    claims = quote_answer(
        ReadResult((Reading(1, start, end, text[start:end], 0.9),), 0.0, (0.0, 0.0)), hits, 0.5
    )
    for citation in assemble(claims, hits).citations:
        assert citation.quote == (" " * 40 + text)[citation.start : citation.end]
