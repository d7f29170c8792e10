"""What the formats' own libraries write is what is read: every word once, in its order, and nothing else.

FOOTNOTE_TEST_EXAMPLES says how many documents of each format are tried (`make test-parsers`: 200).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import docx
import openpyxl
import pptx
from docx.oxml import parse_xml
from docx.text.paragraph import Paragraph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pptx.slide import Slide
from pptx.util import Inches

from ingest.types import ParsedDocument
from tests.ingest.making import Parse, office_file

EXAMPLES = int(os.environ.get("FOOTNOTE_TEST_EXAMPLES", "10"))
thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_MARKS = ("|", "-")  # between cells and before items
_LETTERS = st.text("abcdefgmnoxyzABCXYZäéßñøжщλ漢字한", min_size=1, max_size=7)
_WORDS = st.one_of(
    _LETTERS,
    st.sampled_from(["NA", "null", "None", "nan", "NaN", "n/a", "true", "007", "1.50", "-4", "3,5", "12:30"]),
    st.sampled_from(["50%", "#7", "A&B", "<b>", "x_y", "5µg", "don't", "e-mail", "a@b.org", "=sum", "1)"]),
)
_TEXTS = st.lists(_WORDS, min_size=1, max_size=5)
_SEEN, _UNSEEN = True, False


@dataclass(slots=True)
class Written:
    """The words that were put into a document and are to be found in it."""

    words: list[str] = field(default_factory=list)

    def add(self, words: Sequence[str]) -> str:
        """The words as a text."""
        self.words += words
        return " ".join(words)


def found(document: ParsedDocument) -> list[str]:
    """The words of the text without the marks that lay it out."""
    return [word for word in document.text.split() if word not in _MARKS]


# Word

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_BY = f'{_W} w:id="1" w:author="A" w:date="2026-01-01T00:00:00Z"'
_RUN = '<w:r {w}>{made}<w:t xml:space="preserve">{text}</w:t></w:r>'
_WRAPPED: dict[str, tuple[bool, str]] = {
    "plain": (_SEEN, "{run}"),
    "inserted": (_SEEN, f"<w:ins {_BY}>{{run}}</w:ins>"),
    "moved": (_SEEN, f"<w:moveTo {_BY}>{{run}}</w:moveTo>"),
    "control": (_SEEN, f"<w:sdt {_W}><w:sdtPr/><w:sdtContent>{{run}}</w:sdtContent></w:sdt>"),
    "field": (_SEEN, f'<w:fldSimple {_W} w:instr=" REF x ">{{run}}</w:fldSimple>'),
    "tag": (_SEEN, f'<w:smartTag {_W} w:element="e">{{run}}</w:smartTag>'),
    "link": (_SEEN, f'<w:hyperlink {_W} w:anchor="a">{{run}}</w:hyperlink>'),
    "deleted": (_UNSEEN, f"<w:del {_BY}>{{run}}</w:del>"),
    "moved away": (_UNSEEN, f"<w:moveFrom {_BY}>{{run}}</w:moveFrom>"),
    "hidden": (_UNSEEN, "{run}"),
}
_PIECES = st.lists(st.tuples(st.sampled_from(sorted(_WRAPPED)), _TEXTS), min_size=1, max_size=4)
_TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(_TEXTS, min_size=width, max_size=width), min_size=1, max_size=3)
)
_BLOCKS = st.one_of(
    st.tuples(
        st.sampled_from(["Normal", "Heading 1", "Heading 2", "Title", "List Bullet", "Quote"]), _PIECES
    ),
    st.tuples(st.just("table"), _TABLES),
)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _write_pieces(paragraph: Paragraph, pieces: Sequence[tuple[str, list[str]]], written: Written) -> None:
    for kind, words in pieces:
        seen, wrapper = _WRAPPED[kind]
        made = "<w:rPr><w:vanish/></w:rPr>" if kind == "hidden" else ""
        text = written.add(words) if seen else " ".join(words)
        run = _RUN.format(w=_W, made=made, text=_escaped(f"{text} "))
        paragraph._p.append(parse_xml(wrapper.format(run=run)))


@thorough
@given(blocks=st.lists(_BLOCKS, min_size=1, max_size=6))
def test_word_files(parse: Parse, blocks: list[tuple[str, list[object]]]) -> None:
    document, written = docx.Document(), Written()
    written.add(["first"])
    document.add_paragraph("first")
    for style, content in blocks:
        if style == "table":
            _write_table(document.add_table, content, written)  # type: ignore[arg-type]  # rows by its style
        else:
            _write_pieces(document.add_paragraph(style=style), content, written)  # type: ignore[arg-type]  # pieces
    assert found(parse("x.docx", office_file(document))) == written.words


def _write_table(
    make: Callable[[int, int], object], rows: Sequence[Sequence[list[str]]], written: Written
) -> None:
    table = make(len(rows), len(rows[0]))
    for at, row in enumerate(rows):
        for column, words in enumerate(row):
            table.cell(at, column).text = written.add(words)  # type: ignore[attr-defined]  # docx and pptx alike


# PowerPoint

_SLIDES = st.lists(
    st.tuples(
        st.sampled_from(["shown", "shown", "hidden"]),
        _TEXTS,
        st.lists(
            st.one_of(
                st.tuples(st.just("box"), st.lists(_TEXTS, min_size=1, max_size=3)),
                st.tuples(st.just("break"), st.lists(_TEXTS, min_size=2, max_size=2)),
                st.tuples(st.just("group"), st.lists(_TEXTS, min_size=1, max_size=2)),
                st.tuples(st.just("table"), _TABLES),
            ),
            max_size=4,
        ),
        st.one_of(st.none(), _TEXTS),
    ),
    min_size=1,
    max_size=3,
)


def _write_slide(slide: Slide, parts: Sequence[tuple[str, list[list[str]]]], written: Written) -> None:
    for place, (kind, content) in enumerate(parts, start=2):
        where = (Inches(1), Inches(place), Inches(5), Inches(1))
        if kind == "table":
            _write_table(
                lambda rows, columns, where=where: slide.shapes.add_table(rows, columns, *where).table,  # type: ignore[misc]
                content,  # type: ignore[arg-type]  # rows of cells
                written,
            )
        elif kind == "group":
            group = slide.shapes.add_group_shape()
            for down, words in enumerate(content):
                box = group.shapes.add_textbox(*where[:1], Inches(place + down / 4), *where[2:])
                box.text_frame.text = written.add(words)
        else:
            mark = "\v" if kind == "break" else "\n"
            box = slide.shapes.add_textbox(*where)
            box.text_frame.text = mark.join(written.add(words) for words in content)


@thorough
@given(slides=_SLIDES)
def test_presentations(
    parse: Parse, slides: list[tuple[str, list[str], list[tuple[str, list[list[str]]]], list[str] | None]]
) -> None:
    show, written = pptx.Presentation(), Written()
    for state, title, parts, notes in [("shown", ["first"], [], None), *slides]:
        slide = show.slides.add_slide(show.slide_layouts[5])
        here = written if state == "shown" else Written()
        slide.shapes.title.text = here.add(title)
        _write_slide(slide, parts, here)
        if notes:
            slide.notes_slide.notes_text_frame.text = here.add(notes)
        if state == "hidden":
            slide._element.set("show", "0")
    assert found(parse("x.pptx", office_file(show))) == written.words


# Excel

_FORMATTED = st.sampled_from(
    [
        (1234.5, "#,##0.00 €", "1,234.50 €"),
        (0.075, "0.0%", "7.5%"),
        (42, "00000", "00042"),
        (-7, "0;(0)", "(7)"),
        (dt.date(2026, 12, 24), "d mmmm yyyy", "24 December 2026"),
        (dt.datetime(2026, 12, 24), "yyyy-mm-dd h:mm:ss", "2026-12-24"),
        (dt.timedelta(hours=30), "[h]:mm", "30:00"),
        (True, "General", "TRUE"),
    ]
)
_NUMBERS = st.one_of(
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300),
)
_CELLS = st.one_of(st.none(), _TEXTS, _NUMBERS, _FORMATTED)
_SHEETS = st.lists(
    st.tuples(
        st.integers(1, 4).flatmap(
            lambda width: st.lists(
                st.one_of(st.just([]), st.lists(_CELLS, min_size=width, max_size=width)),
                min_size=1,
                max_size=6,
            )
        ),
        st.sets(st.integers(1, 6), max_size=2),
        st.sets(st.integers(1, 4), max_size=1),
    ),
    min_size=1,
    max_size=2,
)


def _write_cell(cell: openpyxl.cell.Cell, content: object) -> list[str | float]:
    """Write a cell, and give what is to be found of it: words, and numbers by their value."""
    if isinstance(content, tuple):
        cell.value, cell.number_format, text = content
        return list(text.split())
    if isinstance(content, list):
        cell.value = " ".join(content)
        cell.data_type = "s"  # also where it begins like a formula
        return list(content)
    cell.value = content
    return [] if content is None else [content]


@thorough
@given(sheets=_SHEETS)
def test_workbooks(parse: Parse, sheets: list[tuple[list[list[object]], set[int], set[int]]]) -> None:
    book, expected = openpyxl.Workbook(), list[str | float]()
    book.active.title = "first"
    book.active["A1"] = "alone"
    expected += ["first", "alone"]
    for number, (rows, hidden_rows, hidden_columns) in enumerate(sheets):
        sheet, name = book.create_sheet(f"sheet{number}"), f"sheet{number}"
        here = list[str | float]()
        for at, row in enumerate(rows, start=1):
            for column, content in enumerate(row, start=1):
                words = _write_cell(sheet.cell(at, column), content)
                here += [] if at in hidden_rows or column in hidden_columns else words
        for at in hidden_rows:
            sheet.row_dimensions[at].hidden = True
        for column in hidden_columns:
            sheet.column_dimensions["ABCD"[column - 1]].hidden = True
        expected += [name, *here] if here else []
    words = found(parse("x.xlsx", office_file(book)))
    assert len(words) == len(expected), (words, expected)
    for word, wanted in zip(words, expected, strict=True):
        assert word == wanted if isinstance(wanted, str) else _is_same(word, wanted), (word, wanted)


def _is_same(word: str, number: float) -> bool:
    """To the fifteenth digit, which is as far as a sheet reckons; openpyxl writes sixteen."""
    return math.isclose(float(word), number, rel_tol=1e-15)


# CSV

_FIELDS = st.one_of(
    st.just([]),
    _TEXTS,
    st.tuples(_TEXTS, st.sampled_from([",", ";", "\n", '"']), _TEXTS).map(
        lambda parts: [*parts[0][:-1], parts[0][-1] + parts[1].strip(), *parts[2]]
    ),
)
_RECORDS = st.integers(1, 5).flatmap(
    lambda width: st.tuples(
        st.lists(_LETTERS, min_size=width, max_size=width),
        st.lists(st.lists(_FIELDS, min_size=width, max_size=width), min_size=1, max_size=6),
    )
)


@thorough
@given(
    table=_RECORDS,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_delimited_files(
    parse: Parse,
    table: tuple[list[str], list[list[list[str]]]],
    delimiter: str,
    quoting: int,
    line_end: str,
) -> None:
    header, records = table
    out, written = io.StringIO(newline=""), Written()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
    writer.writerow([written.add([name]) for name in header])
    writer.writerows([[written.add(words) for words in record] for record in records])
    assert found(parse("x.csv", out.getvalue().encode())) == written.words
