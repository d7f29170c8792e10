"""PDFs made by hand: pages with content, annotations on the first; readers find objects without a table."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(streams: Sequence[str], annotations: Sequence[str] = (), form: bool = False) -> bytes:
    """A PDF of A4 pages with this content in Helvetica (F1) and its bold (F2)."""
    first = 5
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(streams)))
    fields = first + 2 * len(streams)
    numbers = " ".join(f"{fields + at} 0 R" for at in range(len(annotations)))
    acro = f" /AcroForm << /Fields [{numbers}] /DA (/F1 11 Tf 0 g) >>" if form else ""
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R{acro} >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    }
    for at, stream in enumerate(streams):
        page = first + 2 * at
        shown = f" /Annots [{numbers}]" if numbers and at == 0 else ""
        objects[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {page + 1} 0 R{shown}"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        objects[page + 1] = f"<< /Length {len(stream.encode('cp1252'))} >> stream\n{stream}\nendstream"
    for at, annotation in enumerate(annotations):
        objects[fields + at] = f"<< /Type /Annot /F 4 {annotation} >>"
    body = "".join(f"{number} 0 obj {text} endobj\n" for number, text in objects.items())
    return f"%PDF-1.4\n{body}trailer << /Root 1 0 R >>\n%%EOF\n".encode("cp1252")


def words(text: str, x: float, y: float, *, size: float = 11, font: str = "F1") -> str:
    """A line of text at this place."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET\n"


def grid(
    rows: Sequence[Sequence[str]], top: float, *, left: float = 60, wide: float = 120, high: float = 20
) -> str:
    """A ruled table with these cells, its upper left corner here."""
    right, bottom = left + wide * len(rows[0]), top - high * len(rows)
    level = [f"{left} {top - high * at} m {right} {top - high * at} l S\n" for at in range(len(rows) + 1)]
    upright = [
        f"{left + wide * at} {bottom} m {left + wide * at} {top} l S\n" for at in range(len(rows[0]) + 1)
    ]
    cells = [
        words(cell, left + 5 + wide * column, top - 14 - high * row)
        for row, texts in enumerate(rows)
        for column, cell in enumerate(texts)
    ]
    return "".join([*cells, *level, *upright])
