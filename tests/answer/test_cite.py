"""Markers to citations: exact offsets, true pages, nothing unknown, numbers in order of use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.cite import blank_markers, claims_from, marker_numbers, strip_markers
from rag.answer.draft import Anchor, Claim
from rag.answer.finish import assemble, page_of
from rag.types import Page, Span, Verdict
from tests.answer.samples import LUNCH, PUMP, hit


@pytest.mark.parametrize(
    ("sentence", "text", "marks"),
    [
        ("Rated for 16 bar [1].", "Rated for 16 bar.", [(16, 1)]),
        ("Rated for 16 bar. [1][2]", "Rated for 16 bar.", [(16, 1), (16, 2)]),
        ("A [1, 2], but B [2-4].", "A, but B.", [(1, 1), (1, 2), (8, 2), (8, 3), (8, 4)]),
        ("[1] says so.", "says so.", [(7, 1)]),
        ("X is y【2†source】", "X is y", [(6, 2)]),
        ("X [^3].", "X.", [(1, 3)]),
        ("Foo[3](http://x.y/z) bar", "Foo bar", [(3, 3)]),
        ("See [Passage 2] for it", "See for it", [(3, 2)]),
        ("Say [sources 1 and 2].", "Say.", [(3, 1), (3, 2)]),
        ("Use `a[1]` here [2].", "Use `a[1]` here.", [(15, 2)]),
        ("No marker [sic].", "No marker [sic].", []),
    ],
)
def test_markers_are_taken_out(sentence: str, text: str, marks: list[tuple[int, int]]) -> None:
    assert strip_markers(sentence) == (text, marks)


def test_a_range_of_markers_cannot_explode() -> None:
    assert len(marker_numbers("[1-1000000000]")) < 50


def test_blanked_markers_keep_offsets() -> None:
    sentence = "Rated for 16 bar [1], says 【2】."
    assert len(blank_markers(sentence)) == len(sentence)
    assert blank_markers(sentence).split() == ["Rated", "for", "16", "bar", ",", "says", "."]


def test_an_llm_text_becomes_exact_citations() -> None:
    hits = [hit(LUNCH, start=500), hit(PUMP, start=100)]
    cited = assemble(
        claims_from("The pump weighs 40 kg [2]. Lunch is 8 euros [1]. It sings [7].", hits), hits
    )
    assert cited.text == "The pump weighs 40 kg [1]. Lunch is 8 euros [2]. It sings."
    assert [s.citations for s in cited.sentences] == [(1,), (2,), ()]
    assert [c.marker for c in cited.citations] == [1, 2]
    assert cited.citations[0].quote == "It weighs 40 kg and ships with a two-year warranty."
    assert cited.citations[0].start == 100 + PUMP.index("It weighs")
    assert cited.citations[1].quote == "Lunch costs 8 euros."


def test_the_same_span_is_one_footnote() -> None:
    hits = [hit(LUNCH)]
    cited = assemble(claims_from("Lunch costs 8 euros [1]. So lunch costs euros, 8 [1].", hits), hits)
    assert cited.text == "Lunch costs 8 euros [1]. So lunch costs euros, 8 [1]."
    assert len(cited.citations) == 1


def test_a_list_of_sources_by_the_model_is_left_out() -> None:
    hits = [hit(LUNCH)]
    written = "Lunch costs 8 euros [1].\n\n**Sources:**\n\n[1] a.md\n[2] b.md\n"
    assert assemble(claims_from(written, hits), hits).text == "Lunch costs 8 euros [1]."
    assert (
        assemble(claims_from("Lunch costs 8 euros[^1].\n\n[^1]: a.md", hits), hits).text
        == "Lunch costs 8 euros [1]."
    )


def test_a_line_of_markers_belongs_to_the_sentence_before() -> None:
    hits = [hit(LUNCH)]
    assert assemble(claims_from("Lunch costs 8 euros.\n[1]", hits), hits).text == "Lunch costs 8 euros [1]."


def test_unsupported_spans_move_with_inserted_markers() -> None:
    verdict = Verdict("unsupported", 0.9, 0.1, (), (Span(0, 3), Span(8, 11)))
    claim = Claim("", "One [and two.", (Anchor(3, 0, 0, 5), Anchor(3, 0, 5, 9)), verdict)
    (sentence,) = assemble([claim], [hit(LUNCH)]).sentences
    assert sentence.text == "One [1][2] [and two."
    assert sentence.verdict is not None
    assert [sentence.text[s.start : s.end] for s in sentence.verdict.unsupported_spans] == [
        "One",
        claim.text[8:11],
    ]


def test_the_page_is_that_of_the_quote_not_of_the_chunk() -> None:
    pages = (Page(4, 0, 30), Page(5, 30, 200))
    assert page_of(hit(PUMP, pages=pages, page=4), 29) == 4
    assert page_of(hit(PUMP, pages=pages, page=4), 30) == 5
    assert page_of(hit(PUMP, page=9), 30) == 9


WORDS = st.sampled_from(
    ["pump", "[1]", "[2]", "[9]", "bar.", "16", "[1,2]", "\n", "- x", "It", "【2】", "`a[1]`", "!", "[^1]"]
)


@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_whatever_is_written_offsets_and_quotes_hold(written: str) -> None:
    hits = [hit(PUMP, start=7, source="p"), hit(LUNCH, start=3, source="l")]
    documents = {"doc-p": "x" * 7 + PUMP, "doc-l": "x" * 3 + LUNCH}
    cited = assemble(claims_from(written, hits), hits)
    for sentence in cited.sentences:
        assert cited.text[sentence.start : sentence.end] == sentence.text
    for citation in cited.citations:
        assert documents[citation.document_id][citation.start : citation.end] == citation.quote != ""
    used = [number for sentence in cited.sentences for number in sentence.citations]
    assert list(dict.fromkeys(used)) == [citation.marker for citation in cited.citations]
    assert [citation.marker for citation in cited.citations] == list(range(1, len(cited.citations) + 1))
    assert "[9]" not in cited.text
