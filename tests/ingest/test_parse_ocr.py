"""Images of text go through the real OCR models of the extra `ocr`."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from PIL import Image

from ingest.parse.reading_order import Box, regions, rows
from samples.make_samples import pdf
from tests.ingest.making import Parse, picture, saved

LINES = ("The ferry leaves at seven", "and carries 32 cars.")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PDF"])
def test_a_picture_of_words_is_read_whatever_its_format(parse: Parse, kind: str) -> None:
    document = parse("scan", saved(picture(*LINES), kind))
    assert document.text == "The ferry leaves at seven and carries 32 cars."
    assert [(page.number, page.end) for page in document.pages] == [(1, len(document.text))]


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_pages_of_a_scan_are_pages(parse: Parse, kind: str) -> None:
    document = parse("scan", saved(picture("Monday"), kind, picture("Tuesday")))
    assert [document.text[p.start : p.end].strip() for p in document.pages] == ["Monday", "Tuesday"]
    assert [block.page for block in document.blocks] == [1, 2]


def test_a_scanned_page_among_others_is_read_in_its_place(parse: Parse) -> None:
    whole = pypdfium2.PdfDocument.new()
    parts = (pdf(["Typed before."]), saved(picture("Scanned between"), "PDF"), pdf(["Typed after."]))
    for part in parts:
        whole.import_pages(pypdfium2.PdfDocument(part))
    out = io.BytesIO()
    whole.save(out)
    document = parse("mixed.pdf", out.getvalue())
    assert document.text == "Typed before.\n\nScanned between\n\nTyped after."
    assert [block.page for block in document.blocks] == [1, 2, 3]
    assert "unread" not in document.metadata


def test_columns_of_a_scan_are_read_one_after_the_other(parse: Parse) -> None:
    left = picture(*(f"left column line {n}" for n in "abcd"))
    right = picture(*(f"right column line {n}" for n in "abcd"))
    page = Image.new("RGB", (1400, left.height), "white")
    page.paste(left.crop((0, 0, 600, left.height)), (0, 0))
    page.paste(right.crop((0, 0, 600, left.height)), (750, 0))
    text = parse("columns.png", saved(page, "PNG")).text
    assert text.index("left column line d") < text.index("right column line a")


def grid(columns: list[tuple[float, float]], count: int, top: float = 0.0) -> list[Box]:
    return [
        Box(f"{at}{row}", left, top + 20 * row, right, top + 20 * row + 12)
        for row in range(count)
        for at, (left, right) in zip("abcd", columns, strict=False)
    ]


def test_running_text_is_read_by_columns_and_a_table_by_rows() -> None:
    text = grid([(0, 100), (120, 220)], 5)
    assert [[box.text for box in region] for region in regions(text)] == [
        ["a0", "a1", "a2", "a3", "a4"],
        ["b0", "b1", "b2", "b3", "b4"],
    ]
    (cells,) = regions(grid([(0, 20), (80, 100), (160, 180), (240, 260)], 5))
    assert [row.text for row in rows(cells)][:2] == ["a0 b0 c0 d0", "a1 b1 c1 d1"]


def test_a_title_over_two_columns_comes_first() -> None:
    title = Box("title", 0, 0, 220, 12)
    found = [box.text for region in regions([title, *grid([(0, 100), (120, 220)], 5, 40)]) for box in region]
    assert found[0] == "title"
    assert found.index("a4") < found.index("b0")
