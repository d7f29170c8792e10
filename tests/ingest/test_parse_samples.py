"""Every sample, read by the real parser process: structure, tables, pages, titles."""

from __future__ import annotations

from itertools import pairwise

from ingest.types import ParsedDocument
from rag.types import Page
from tests.ingest.making import HANDBOOK, Parse, shown


def block_holding(document: ParsedDocument, text: str) -> tuple[str, int | None, str]:
    return next(block for block in shown(document) if text in block[2])


def test_every_sample_is_covered_by_ordered_blocks(parse: Parse) -> None:
    for path in sorted(HANDBOOK.iterdir()):
        document = parse.sample(path.name)
        spans = [(block.start, block.end) for block in document.blocks]
        assert spans == sorted(spans), path.name
        assert all(a[1] <= b[0] for a, b in pairwise(spans)), path.name
        inside = "".join(document.text[start:end] for start, end in spans)
        assert "".join(inside.split()) == "".join(document.text.split()), path.name
        assert document.title, path.name


def test_markdown_keeps_levels_lists_tables_and_front_matter(parse: Parse) -> None:
    document = parse.sample("welcome.md")
    assert document.title == "Welcome to Skerry Line"
    assert document.metadata == {"author": "Office of the Harbour Master"}
    assert shown(document)[0] == ("heading", 1, "Welcome to Skerry Line")
    assert block_holding(document, "The fleet")[:2] == ("heading", 2)
    assert block_holding(document, "Tern")[2].splitlines()[0] == (
        "- Tern is the newest ship. She carries 240 passengers and 32 cars and serves Merrin."
    )
    kind, _, table = block_holding(document, "555-0111")
    assert kind == "table"
    assert table.splitlines()[0] == "Matter | Telephone | Hours"
    assert "Duty captain | 555-0111 | day and night" in table.splitlines()


def test_html_leaves_out_style_and_keeps_headings(parse: Parse) -> None:
    document = parse.sample("passengers.html")
    assert document.title == "Information for passengers"
    assert "font-family" not in document.text
    assert block_holding(document, "Bicycles")[:2] == ("heading", 2)
    assert "Old Maud has room for six bicycles on each crossing." in document.text


def test_pdf_text_has_page_numbers_whole_paragraphs_and_headings(parse: Parse) -> None:
    document = parse.sample("tern-manual.pdf")
    first, second = document.pages
    assert (first.number, second.number) == (1, 2)
    assert second == Page(2, first.end, len(document.text))
    assert "falls below 2.4 bar, and the engine stops by itself" in document.text[first.start : first.end]
    assert "the red valve marked F2 is closed first" in document.text[second.start : second.end]
    assert block_holding(document, "Bow ramp")[:2] == ("heading", 2)
    assert [block.page for block in document.blocks] == [1] * 7 + [2] * 7
    assert document.title == "Engineer's manual of Tern"


def test_docx_keeps_styles_numbers_and_table_rows(parse: Parse) -> None:
    document = parse.sample("incidents.docx")
    assert document.title == "Reporting incidents"
    assert document.metadata["author"] == "Skerry Line, safety office"
    assert block_holding(document, "The incident log")[:2] == ("heading", 2)
    assert (
        block_holding(document, "within 24 hours of")[2]
        .splitlines()[2]
        .startswith("3. Send a written report")
    )
    table = block_holding(document, "A person was badly hurt")[2].splitlines()
    assert table[0] == "Class | Meaning | Who must be told"
    assert table[2] == "B | A ship cannot continue its crossing | Owner within one hour"


def test_xlsx_rows_stand_under_their_sheet_with_the_header_known(parse: Parse) -> None:
    document = parse.sample("timetable.xlsx")
    assert document.title == "Timetable"
    assert shown(document)[0] == ("heading", 1, "Departures")
    table = document.blocks[1]
    assert table.header is not None
    assert document.text[table.header.start : table.header.end].startswith("From | To | Ship | Days")
    assert "Great Tarn | Port Ansel | Old Maud | Sunday | 11:45 | 16:40 | 75" in document.text


def test_the_two_editions_of_the_fares_stay_apart(parse: Parse) -> None:
    old, new = parse.sample("fares-2025.txt"), parse.sample("fares-2026.txt")
    assert "Merrin costs 17.50 crowns" in old.text
    assert "Merrin costs 18.90 crowns" in new.text
    assert (old.title, new.title) == ("Skerry Line fares, 2025 edition", "Skerry Line fares, 2026 edition")
