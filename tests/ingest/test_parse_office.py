"""OpenDocument, EPUB, RTF, old Office files, and what Word, PowerPoint and Excel keep out of plain sight."""

from __future__ import annotations

import io
import shutil
import zipfile

import docx
import openpyxl
import pptx
import pytest
from openpyxl.comments import Comment
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ingest.parse.limits import Context
from ingest.parse.markup import parse_asciidoc, parse_org, parse_rst
from ingest.parse.programs import libreoffice
from ingest.types import ParsedDocument
from tests.ingest.making import Parse, epub, odt, office_file, shown, with_part, zipped

SHEET = "application/vnd.oasis.opendocument.spreadsheet"
SLIDES = "application/vnd.oasis.opendocument.presentation"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def test_opendocument_text_keeps_its_structure(parse: Parse) -> None:
    body = (
        '<office:text><text:h text:outline-level="1">Ferries</text:h>'
        "<text:p>Tern<text:s/>and<text:tab/>Puffin<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>Both white.</text:p></text:note-body></text:note></text:p>"
        "<text:list><text:list-item><text:p>cars</text:p><text:list><text:list-item><text:p>vans</text:p>"
        "</text:list-item></text:list></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Ship</text:p>"
        "</table:table-cell><table:table-cell><text:p>Cars</text:p></table:table-cell></table:table-row>"
        "</table:table-header-rows><table:table-row><table:table-cell><text:p>Tern</text:p></table:table-cell>"
        "<table:table-cell><text:p>32</text:p></table:table-cell></table:table-row></table:table>"
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes></office:text>"
    )
    assert shown(parse("x.odt", odt(body))) == [
        ("heading", 1, "Ferries"),
        ("paragraph", None, "Tern and\tPuffin Both white."),
        ("list", None, "- cars\n  - vans"),
        ("table", None, "Ship | Cars\nTern | 32"),
    ]


def test_opendocument_sheets_and_slides_are_pages(parse: Parse) -> None:
    cell = '<table:table-cell table:number-columns-repeated="2"><text:p>7</text:p></table:table-cell>'
    rest = '<table:table-cell table:number-columns-repeated="16000"/>'
    empty = f'<table:table-row table:number-rows-repeated="99999">{rest}</table:table-row>'
    rows = f"<table:table-row>{cell}{rest}</table:table-row>{empty}"
    sheets = "".join(f'<table:table table:name="{name}">{rows}</table:table>' for name in ("May", "June"))
    document = parse("x.ods", odt(f"<office:spreadsheet>{sheets}</office:spreadsheet>", {"mimetype": SHEET}))
    assert document.text == "May\n\n7 | 7\n\nJune\n\n7 | 7"
    assert [page.number for page in document.pages] == [1, 2]
    frame = "<draw:frame{}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    slide = frame.format("", "Body") + frame.format(' presentation:class="title"', "Tides")
    slides = f"<office:presentation><draw:page>{slide}</draw:page></office:presentation>"
    document = parse("x.odp", odt(slides, {"mimetype": SLIDES}))
    assert shown(document) == [("heading", 1, "Tides"), ("paragraph", None, "Body")]


def test_a_book_is_read_in_the_order_of_its_spine(parse: Parse) -> None:
    book = epub(
        {
            "one.xhtml": "<html><body><h1>One</h1><p>Rain.</p></body></html>",
            "two.xhtml": "<html><body><h1>Two</h1><p>Sun.</p></body></html>",
        }
    )
    document = parse("isles.epub", book)
    assert document.text == "One\n\nRain.\n\nTwo\n\nSun."
    assert (document.title, document.metadata) == ("The Isles", {"author": "Ann Vik"})


def test_rtf_is_text(parse: Parse) -> None:
    words = rb"The caf\'e9 on the quay is shut on Mondays.\par It opens at nine.\par"
    rtf = rb"{\rtf1\ansi{\fonttbl\f0 Arial;}" + words + b"}"
    assert parse("letter.doc", rtf).text == "The café on the quay is shut on Mondays.\n\nIt opens at nine."


def test_word_text_boxes_formulas_and_footnotes_are_read(parse: Parse) -> None:
    document = docx.Document()
    document.add_paragraph("Before the box.")
    document.add_paragraph("MARK")
    document.add_paragraph("Behind the box.")
    box = (
        '</w:t><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent><w:p><w:r>'
        "<w:t>Inside the box.</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
        '<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:r><m:t>E=m</m:t></m:r>'
        "<m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e></m:sSup></m:oMath><w:r><w:t>"
    )
    content = with_part(office_file(document), "word/document.xml", "MARK", f"Anchor.{box}")
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        note = "<w:p><w:r><w:t>A note at the foot.</w:t></w:r></w:p>"
        archive.writestr(
            "word/footnotes.xml", f'<w:footnotes {W}><w:footnote w:id="2">{note}</w:footnote></w:footnotes>'
        )
    text = parse("x.docx", out.getvalue()).text
    places = [text.index(part) for part in ("Before", "Anchor.", "E=m c", "Inside", "Behind", "A note at")]
    assert places == sorted(places)


def test_word_files_in_the_strict_dialect_are_read(parse: Parse) -> None:
    document = docx.Document()
    document.add_heading("Strict", 1)
    document.add_paragraph("Words.")
    usual, strict = "http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/"
    content = office_file(document)
    for part, change, to in (
        (
            "_rels/.rels",
            f"{usual}officeDocument/2006/relationships/office",
            f"{strict}officeDocument/relationships/office",
        ),
        ("word/document.xml", f"{usual}wordprocessingml/2006/main", f"{strict}wordprocessingml/main"),
    ):
        content = with_part(content, part, change, to)
    assert parse("x.docx", content).text == "Strict\n\nWords."


def test_charts_of_slides_are_tables_on_their_page(parse: Parse) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Ducks"
    data = CategoryChartData()
    data.categories = ["2019", "2020"]
    data.add_series("Fresh water", (120, 130))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), data)
    document = parse("ducks.pptx", office_file(show))
    (table,) = [block for block in document.blocks if block.kind == "table"]
    text = document.text[table.start : table.end]
    assert (
        text.splitlines() == [" | Fresh water".strip(), "2019 | 120.0", "2020 | 130.0"]
        or "2019 | 120" in text
    )
    assert table.page == 1


def test_comments_of_a_sheet_stand_behind_it(parse: Parse) -> None:
    book = openpyxl.Workbook()
    book.active["B2"] = 40
    book.active["B2"].comment = Comment("More than last year.", "Ann")
    book.create_sheet("Rest")["A1"] = "end"
    text = parse("x.xlsx", office_file(book)).text
    assert text.index("40") < text.index("B2: More than last year.") < text.index("Rest")


MARKUP = {
    "rst": (
        parse_rst,
        "Ferries\n=======\n\nTern\n----\n\nHolds ``32`` cars::\n\n    load(32)\n\n* fast\n* white\n",
    ),
    "org": (
        parse_org,
        "* Ferries\n** Tern\nHolds ~32~ cars\n#+begin_src python\nload(32)\n#+end_src\n- fast\n- white\n",
    ),
    "asciidoc": (
        parse_asciidoc,
        "= Ferries\n:toc:\n\n== Tern\n\nHolds `32` cars\n\n----\nload(32)\n----\n\n* fast\n* white\n\n"
        "|===\n|Ship |Cars\n\n|Tern\n|32\n|===\n",
    ),
}


@pytest.mark.parametrize("language", sorted(MARKUP))
@pytest.mark.parametrize("pandoc", [True, False])
def test_markup_keeps_headings_code_and_lists(
    language: str, pandoc: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    if pandoc and shutil.which("pandoc") is None:
        pytest.skip("pandoc is not installed")
    if not pandoc:
        monkeypatch.setenv("PATH", str(tmp_path))
    parser, text = MARKUP[language]
    document: ParsedDocument = parser(text.encode(), f"x.{language}", Context())
    blocks = shown(document)
    assert blocks[:2] == [("heading", 1, "Ferries"), ("heading", 2, "Tern")]
    assert "Holds" in blocks[2][2]
    assert "32" in blocks[2][2]
    assert [text.strip() for kind, _, text in blocks if kind == "code"] == ["load(32)"]
    assert ("list", None, "- fast\n- white") in blocks
    if language == "asciidoc":
        assert blocks[-1] == ("table", None, "Ship | Cars\nTern | 32")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_old_word_files_are_read_by_libreoffice(parse: Parse) -> None:
    document = docx.Document()
    document.add_heading("Old", 1)
    document.add_paragraph("Words of 1997.")
    old = libreoffice(office_file(document), "docx", "doc", Context())
    assert old.startswith(b"\xd0\xcf\x11\xe0")
    assert parse("x.doc", old).text == "Old\n\nWords of 1997."


def test_a_zip_of_xml_is_no_office_file_by_its_folder_names_alone(parse: Parse) -> None:
    assert parse("x.zip", zipped({"word/notes.md": b"# Notes"})).text == "word/notes.md\n\nNotes"
