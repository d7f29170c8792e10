"""Ruled tables of PDF pages become tables, what only looks like one stays text; columns are told apart."""

from __future__ import annotations

from tests.ingest.making import Parse, shown

LEFT, TOP, WIDE, HIGH = 60, 700, 120, 20


def page(stream: str) -> bytes:
    """A PDF of one A4 page with this content; readers find its objects without a table of them."""
    return (
        b"%%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
        b"2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n"
        b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >> endobj\n"
        b"4 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj\n"
        b"5 0 obj << /Length %d >> stream\n%s\nendstream endobj\ntrailer << /Root 1 0 R >>\n%%%%EOF\n"
    ) % (len(stream), stream.encode())


def words(text: str, x: float, y: float) -> str:
    return f"BT /F1 11 Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n"


def line(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"{x0} {y0} m {x1} {y1} l S\n"


def cells(rows: list[list[str]]) -> str:
    return "".join(
        words(text, LEFT + 5 + column * WIDE, TOP - 14 - row * HIGH)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
        if text
    )


def rules(rows: int, columns: int, *, upright: bool = True) -> str:
    right, bottom = LEFT + columns * WIDE, TOP - rows * HIGH
    level = [line(LEFT, TOP - row * HIGH, right, TOP - row * HIGH) for row in range(rows + 1)]
    sides = [line(LEFT + c * WIDE, bottom, LEFT + c * WIDE, TOP) for c in range(columns + 1)]
    return "".join(level + (sides if upright else []))


ROWS = [["Ship", "Cars"], ["Tern", "32"], ["Puffin", "18"]]
AROUND = words("Text before the table.", LEFT, 760), words("Text behind the table.", LEFT, 500)


def test_a_ruled_table_is_a_table_in_its_place(parse: Parse) -> None:
    document = parse("a.pdf", page(AROUND[0] + cells(ROWS) + rules(3, 2) + AROUND[1]))
    assert shown(document) == [
        ("paragraph", None, "Text before the table."),
        ("table", None, "Ship | Cars\nTern | 32\nPuffin | 18"),
        ("paragraph", None, "Text behind the table."),
    ]
    assert [block.page for block in document.blocks] == [1, 1, 1]


def test_rules_may_be_thin_rectangles_and_cells_merged(parse: Parse) -> None:
    frame = "".join(
        [f"{LEFT} {TOP - row * HIGH} {2 * WIDE} 0.5 re f\n" for row in range(4)]
        + [f"{LEFT + at * WIDE} {TOP - 3 * HIGH} 0.5 {3 * HIGH} re f\n" for at in (0, 2)]
        + [f"{LEFT + WIDE} {TOP - 3 * HIGH} 0.5 {2 * HIGH} re f\n"]
    )
    merged = [["The whole fleet of the line", ""], *ROWS[1:]]
    document = parse("a.pdf", page(cells(merged) + frame))
    assert shown(document) == [("table", None, "The whole fleet of the line\nTern | 32\nPuffin | 18")]


def test_lines_without_columns_and_a_frame_around_text_are_no_table(parse: Parse) -> None:
    document = parse("a.pdf", page(cells(ROWS) + rules(3, 2, upright=False)))
    assert {block.kind for block in document.blocks} == {"paragraph"}
    framed = parse("a.pdf", page(words("A remark in a frame.", LEFT + 5, TOP - 14) + rules(1, 1)))
    assert shown(framed) == [("paragraph", None, "A remark in a frame.")]


def test_text_that_leaves_its_cells_is_not_lost(parse: Parse) -> None:
    long = "A sentence that runs on far beyond the edge of the table it begins in, to the margin."
    document = parse("a.pdf", page(cells([[long], ["Tern", "32"], ["Puffin", "18"]]) + rules(3, 2)))
    for word in (*long.split(), "Tern", "Puffin", "18"):
        assert word in document.text


def columns(*, row_by_row: bool) -> str:
    """Two columns of ten lines each, set row by row or one after the other."""
    left = [words(f"The left column goes on in line {n}", LEFT, TOP - 15 * n) for n in range(10)]
    right = [words(f"The right column goes on in line {n}", 320, TOP - 15 * n) for n in range(10)]
    pairs = [part for pair in zip(left, right, strict=True) for part in pair]
    return "".join(pairs if row_by_row else left + right)


def test_columns_are_read_one_after_the_other_however_they_were_set(parse: Parse) -> None:
    texts = [parse("a.pdf", page(columns(row_by_row=way))).text for way in (True, False)]
    for text in texts:
        assert text.index("The left column goes on in line 9") < text.index(
            "The right column goes on in line 0"
        )
    assert texts[0].split() == texts[1].split()


def test_a_table_without_rules_is_read_by_rows(parse: Parse) -> None:
    rows = [[f"Ship {n}", f"{n} cars", f"{n} vans"] for n in range(10)]
    text = parse("a.pdf", page(cells(rows))).text
    assert "Ship 3 3 cars 3 vans" in " ".join(text.split())
