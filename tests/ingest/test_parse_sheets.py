"""Sheets: values as shown, tables where they are, hidden cells left out, formulas without a value named."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from tests.ingest.making import Parse, office_file, shown, with_part

Values = list[list[object]]


def book(*rows: list[object], title: str = "S") -> openpyxl.Workbook:
    """A workbook of one sheet with these rows; an empty list is an empty row."""
    made = openpyxl.Workbook()
    made.active.title = title
    for at, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            made.active.cell(at, column).value = value
    return made


def text_of(parse: Parse, made: openpyxl.Workbook) -> str:
    return parse("x.xlsx", office_file(made)).text.removeprefix("S\n\n")


def bold(sheet: Worksheet, row: int) -> None:
    for cell in sheet[row]:
        cell.font = Font(bold=True)


def test_values_are_as_the_sheet_shows_them(parse: Parse) -> None:
    made = book(
        ["Agent", "Dose", "Share", "Price", "Day", "At", "Code", "Seen"],
        ["A", 4.5e-07, 0.125, 1234.5, dt.date(2026, 5, 7), dt.datetime(2026, 5, 7), 42, True],
        ["B", 98765.4321, 0.4, -3, dt.datetime(2026, 5, 8), dt.datetime(2026, 5, 8, 14, 30), 7, False],
    )
    for row in (2, 3):
        made.active.cell(row, 3).number_format = "0.0%"
        made.active.cell(row, 4).number_format = '#,##0.00 "kr"'
        made.active.cell(row, 7).number_format = "00000"
    assert text_of(parse, made).splitlines()[1:] == [
        "A | 4.5e-07 | 12.5% | 1,234.50 kr | 2026-05-07 | 2026-05-07 | 00042 | TRUE",
        "B | 98765.4321 | 40.0% | -3.00 kr | 2026-05-08 | 2026-05-08 14:30:00 | 00007 | FALSE",
    ]


def test_words_that_mean_nothing_elsewhere_are_words(parse: Parse) -> None:
    made = book(
        ["Land", "Note"],
        ["NA", "null"],
        ["None", "nan"],
        ["N/A", "007"],
        ["a\nb", "c_x000D_\nd"],
        ["true", "1.10"],
    )
    assert text_of(parse, made) == ("Land | Note\nNA | null\nNone | nan\nN/A | 007\na b | c d\ntrue | 1.10")


def test_a_formula_without_a_value_is_shown_and_named(parse: Parse) -> None:
    document = parse(
        "x.xlsx", office_file(book(["Net", "VAT"], [200, "=A2*0.25"], [300, "=A3*0.25"], title="Q 1"))
    )
    assert document.text == "Q 1\n\nNet | VAT\n200 | =A2*0.25\n300 | =A3*0.25"
    assert document.metadata["unread"] == [
        "Q 1!B2: formula_without_value",
        "Q 1!B3: formula_without_value",
    ]


def test_stored_values_of_formulas_errors_and_strings_are_read(parse: Parse) -> None:
    content = office_file(book(["Net", "VAT"], ["a", "=A9*4"], ["b", "=A9"], ["c", "=NA()"]))
    for place, kind, value in (("B2", "n", "50"), ("B3", "str", ""), ("B4", "e", "#N/A")):
        formula = {"B2": "A9*4", "B3": "A9", "B4": "NA()"}[place]
        content = with_part(
            content,
            "xl/worksheets/sheet1.xml",
            f'<c r="{place}"><f>{formula}</f><v></v></c>',
            f'<c r="{place}" t="{kind}"><f>{formula}</f><v>{value}</v></c>',
        )
    document = parse("x.xlsx", content)
    assert document.text == "S\n\nNet | VAT\na | 50\nb\nc | #N/A"
    assert "unread" not in document.metadata


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        pytest.param(
            [["Task", "Who"], ["Oil", "Ida"], [], ["Dry", "Bo"], [], [], ["Weld", "Lea"]],
            ["Task | Who\nOil | Ida\nDry | Bo\nWeld | Lea"],
            id="rows parted by empty ones",
        ),
        pytest.param(
            [["Part", "Qty"], [], ["Bolt", 12], ["Nut", 9]],
            ["Part | Qty\nBolt | 12\nNut | 9"],
            id="an empty row under the header",
        ),
        pytest.param(
            [["Part", "Qty"], ["Bolt", 12], [], ["North"], ["Nut", 9], ["Pin", 4]],
            ["Part | Qty\nBolt | 12\nNorth\nNut | 9\nPin | 4"],
            id="a label over rows without a header",
        ),
        pytest.param(
            [["Part", "Qty"], ["Bolt", 12], [], ["City", "Zip"], ["Oslo", "0150"]],
            ["Part | Qty\nBolt | 12", "City | Zip\nOslo | 0150"],
            id="two tables by their values",
        ),
        pytest.param(
            [["Part", "Qty"], ["Bolt", 12], [], ["Staff"], ["Name", "Role"], ["Ida", "Welder"]],
            ["Part | Qty\nBolt | 12", "Staff", "Name | Role\nIda | Welder"],
            id="two tables by a title",
        ),
        pytest.param(
            [["Part", "Qty"], ["Bolt", 12], [], ["City", "Zip", "Land"], ["Oslo", "0150", "NO"]],
            ["Part | Qty\nBolt | 12", "City | Zip | Land\nOslo | 0150 | NO"],
            id="two tables by their columns",
        ),
        pytest.param(
            [["Area", 2025, 2026], ["North", 4, 7], [], ["Part", 2025, 2026], ["Bolt", 1, 2]],
            ["Area | 2025 | 2026\nNorth | 4 | 7", "Part | 2025 | 2026\nBolt | 1 | 2"],
            id="two tables of the same years",
        ),
        pytest.param(
            [["A", "B", None, "", ""], ["x", 1, None, "C", "D"], ["y", 2, None, "z", 3]],
            ["A | B\nx | 1\ny | 2", "C | D\nz | 3"],
            id="side by side",
        ),
        pytest.param(
            [["A", "B", None, "C", "D"], ["x", 1, None, "z", 3]],
            ["A | B |  | C | D\nx | 1 |  | z | 3"],
            id="a gap between columns of one table",
        ),
    ],
)  # fmt: skip
def test_tables_are_told_apart_and_keep_their_headers(parse: Parse, rows: Values, parts: list[str]) -> None:
    assert text_of(parse, book(*rows)).split("\n\n") == parts


def test_bold_letters_make_a_header(parse: Parse) -> None:
    made = book(["Task", "Who"], ["Oil", "Ida"], [], ["City", "Land"], ["Oslo", "Norway"])
    bold(made.active, 4)
    assert text_of(parse, made).split("\n\n") == ["Task | Who\nOil | Ida", "City | Land\nOslo | Norway"]


def test_hidden_rows_columns_and_sheets_are_left_out(parse: Parse) -> None:
    made = book(["Part", "Cost", "Qty"], ["Bolt", 99, 12], ["Nut", 98, 9], ["Pin", 97, 4])
    made.active.row_dimensions[3].hidden = True
    made.active.column_dimensions["B"].hidden = True
    for state in ("hidden", "veryHidden"):
        made.create_sheet(state)["A1"] = "not to be seen"
        made[state].sheet_state = state
    document = parse("x.xlsx", office_file(made))
    assert document.text == "S\n\nPart | Qty\nBolt | 12\nPin | 4"
    assert document.metadata["unread"] == ["hidden: hidden", "veryHidden: hidden"]


def test_what_is_folded_or_filtered_is_read(parse: Parse) -> None:
    folded = book(["Part", "Qty"], ["Bolt", 12], ["Nut", 9])
    folded.active.row_dimensions.group(2, 2, hidden=True)
    folded.active.column_dimensions.group("B", "B", hidden=True)
    filtered = book(["Part", "Qty"], ["Bolt", 12], ["Nut", 9])
    filtered.active.auto_filter.ref = "A1:B3"
    filtered.active.auto_filter.add_filter_column(0, ["Nut"])
    filtered.active.row_dimensions[2].hidden = True
    for made in (folded, filtered):
        assert text_of(parse, made) == "Part | Qty\nBolt | 12\nNut | 9"


def test_merged_cells_stand_once_in_their_place(parse: Parse) -> None:
    made = book(["Area", None, "Sum"], ["North", "Oslo", 4], [None, "Bergen", 7])
    made.active.merge_cells("A1:B1")
    made.active.merge_cells("A2:A3")
    assert text_of(parse, made) == "Area |  | Sum\nNorth | Oslo | 4\n | Bergen | 7"


def test_rich_text_and_readings(parse: Parse) -> None:
    content = office_file(book(["MARK", "b"], ["c", "d"]))
    rich = "<si><r><t>one </t></r><r><rPr><b/></rPr><t>two</t></r><rPh sb='0' eb='1'><t>yomi</t></rPh></si>"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        shared = "xl/sharedStrings.xml" in archive.namelist()
    if shared:
        content = with_part(content, "xl/sharedStrings.xml", "<si><t>MARK</t></si>", rich)
    else:
        inline = rich.replace("si>", "is>")
        content = with_part(content, "xl/worksheets/sheet1.xml", "<is><t>MARK</t></is>", inline)
    assert parse("x.xlsx", content).text == "S\n\none two | b\nc | d"


def test_lines_of_one_cell_are_no_list_for_a_sign(parse: Parse) -> None:
    made = book(["-5"], [], ["*All prices are without tax."], [], ["• salt"])
    kinds = [(kind, text) for kind, _, text in shown(parse("x.xlsx", office_file(made)))][1:]
    assert kinds == [("paragraph", "-5"), ("paragraph", "*All prices are without tax."), ("list", "- salt")]


def test_text_boxes_over_a_sheet_stand_behind_it(parse: Parse) -> None:
    made = book(["Part", "Qty"], ["Bolt", 12])
    made.active.add_chart(BarChart(), "D4")  # brings a drawing
    shape = (
        "<xdr:sp xmlns:xdr='http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing'"
        " xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main'><xdr:nvSpPr><xdr:cNvPr id='7'{}/>"
        "</xdr:nvSpPr><xdr:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
    ).format
    boxes = shape("", "Not audited.") + shape(" hidden='1'", "Draft.")
    content = office_file(made)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
    end = drawing[drawing.rindex("</") :]
    content = with_part(content, "xl/drawings/drawing1.xml", end, boxes + end)
    assert parse("x.xlsx", content).text == "S\n\nPart | Qty\nBolt | 12\n\nNot audited."


def test_comments_stand_in_the_order_of_their_cells(parse: Parse) -> None:
    made = book(["Part", "Qty"], ["Bolt", 12])
    for place in ("B2", "A2", "B1"):
        made.active[place].comment = Comment(f"About {place}.", "Ann")
    assert text_of(parse, made).split("\n\n")[1:] == ["B1: About B1.", "A2: About A2.", "B2: About B2."]
