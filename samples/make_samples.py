"""Writes the binary files of samples/handbook, always the same bytes: `python samples/make_samples.py`.

The Markdown, HTML and text files beside them are written by hand.
"""

from __future__ import annotations

import io
import re
import textwrap
import zipfile
from datetime import datetime
from pathlib import Path

import docx
import openpyxl

HANDBOOK = Path(__file__).parent / "handbook"
DATE = datetime(2026, 1, 5, 8, 0)

TERN_1 = """\
# The engine of Tern
## Main engine
The main engine of Tern is a six-cylinder diesel of 1,350 kilowatts, built in 2019. It is started with \
compressed air at 30 bar. The normal oil pressure is 4.1 bar. The alarm sounds when the oil pressure falls \
below 2.4 bar, and the engine stops by itself when it falls below 1.8 bar.
## Cooling
The fresh water of the cooling circuit is kept at 82 degrees. The sea-water strainer is cleaned after \
every 120 hours of running, and always after a crossing through weed.
## Oil change
The engine oil is changed every 500 hours of running. One change takes 180 litres of oil. Used oil is \
handed in at the blue shed on the north quay in Port Ansel."""

TERN_2 = """\
# Fuel, steering and ramp of Tern
## Fuel
The two fuel tanks hold 9,000 litres each. When the fuel filter is changed, the red valve marked F2 is \
closed first, then the yellow valve marked F1. The filter is changed every 250 hours of running.
## Emergency steering
When the steering fails, the rudder is moved by hand with the pump in the aft locker. Two people are \
needed: one works the pump and one reads the rudder angle aloud. A full turn of the rudder from side to \
side takes 56 strokes of the pump.
## Bow ramp
The bow ramp is lowered only when the ship has been made fast. It carries vehicles of up to 26 tonnes. The \
hydraulic oil of the ramp is topped up at the brass plug behind the port-side ladder."""


def _escape(text: str) -> bytes:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")


def _page_stream(text: str) -> bytes:
    """Text commands for one A4 page: lines that begin with # are set as headings, the rest is wrapped."""
    out, y = [b"BT"], 790
    for paragraph in text.splitlines():
        level = len(paragraph) - len(paragraph.lstrip("#"))
        font, size, lead = (b"/F2", 22 - 4 * level, 30) if level else (b"/F1", 11, 18)
        for number, line in enumerate(textwrap.wrap(paragraph.lstrip("# "), 84)):
            y -= lead if number == 0 else 15
            out.append(b"%s %d Tf 1 0 0 1 60 %d Tm (%s) Tj" % (font, size, y, _escape(line)))
    return b"\n".join([*out, b"ET"])


def pdf(pages: list[str], title: str = "") -> bytes:
    """A PDF of A4 pages set in Helvetica, one string per page."""
    first = 5
    kids = b" ".join(b"%d 0 R" % (first + 2 * n) for n in range(len(pages)))
    fonts = b"<< /F1 3 0 R /F2 4 0 R >>"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        font % b"Helvetica",
        font % b"Helvetica-Bold",
    ]
    for number, text in enumerate(pages):
        stream = _page_stream(text)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font %s >> /Contents %d 0 R >>" % (fonts, first + 2 * number + 1)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects.append(b"<< /Title (%s) >>" % _escape(title))
    return _pdf_file(objects)


_TRAILER = b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"


def _pdf_file(objects: list[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += _TRAILER % (len(objects) + 1, len(objects), start)
    return bytes(out)


def _same_bytes(packed: bytes) -> bytes:
    """The same zip archive with fixed times, so that a second run changes nothing."""
    out, stamp = io.BytesIO(), DATE.isoformat().encode() + b"Z"
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, (DATE.year, DATE.month, DATE.day, DATE.hour, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, re.sub(rb'(?<=W3CDTF">)[^<]+', stamp, source.read(name)))
    return out.getvalue()


def incidents() -> bytes:
    """How to report an incident, as a Word document with headings, a numbered list and a table."""
    document = docx.Document()
    document.core_properties.title = "Reporting incidents"
    document.core_properties.author = "Skerry Line, safety office"
    document.core_properties.created = document.core_properties.modified = DATE
    document.add_heading("Reporting incidents", 1)
    document.add_paragraph(
        "An incident is anything that hurt a person, damaged a ship or could have done so. Near misses count."
    )
    document.add_heading("What to do", 2)
    for step in (
        "Make the place safe and call the duty captain.",
        "Write down the time, the place and the names of witnesses in the incident log.",
        "Send a written report to the safety office within 24 hours of the incident.",
    ):
        document.add_paragraph(step, style="List Number")
    document.add_heading("The incident log", 2)
    document.add_paragraph(
        "The captain keeps the incident log in the chart table on the bridge. Its pages are numbered and "
        "none may be removed. The safety officer, Tomas Brekke, reads every log on the "
        "first working day of the month."
    )
    document.add_heading("Classes of incidents", 2)
    table = document.add_table(rows=1, cols=3)
    rows = [
        ("Class", "Meaning", "Who must be told"),
        ("A", "A person was badly hurt or is missing", "Coast guard at once"),
        ("B", "A ship cannot continue its crossing", "Owner within one hour"),
        ("C", "Slight damage or a near miss", "Safety office within 24 hours"),
    ]
    for number, row in enumerate(rows):
        cells = table.rows[0].cells if number == 0 else table.add_row().cells
        for cell, text in zip(cells, row, strict=True):
            cell.text = text
    out = io.BytesIO()
    document.save(out)
    return _same_bytes(out.getvalue())


def timetable() -> bytes:
    """First and last departures of each route as a workbook of one sheet."""
    book = openpyxl.Workbook()
    book.properties.title, book.properties.creator = "Timetable", "Skerry Line"
    book.properties.created = book.properties.modified = DATE
    sheet = book.worksheets[0]
    sheet.title = "Departures"
    for row in (
        ("From", "To", "Ship", "Days", "First departure", "Last departure", "Crossing (minutes)"),
        ("Port Ansel", "Merrin", "Tern", "Monday to Saturday", "07:10", "20:10", 35),
        ("Merrin", "Port Ansel", "Tern", "Monday to Saturday", "07:55", "20:55", 35),
        ("Port Ansel", "Merrin", "Tern", "Sunday", "09:10", "18:10", 35),
        ("Merrin", "Port Ansel", "Tern", "Sunday", "09:55", "18:55", 35),
        ("Port Ansel", "Oddholm", "Puffin", "every day", "08:00", "17:30", 50),
        ("Oddholm", "Port Ansel", "Puffin", "every day", "09:00", "18:30", 50),
        ("Port Ansel", "Great Tarn", "Old Maud", "Monday to Saturday", "08:30", "16:00", 75),
        ("Great Tarn", "Port Ansel", "Old Maud", "Monday to Saturday", "10:00", "17:30", 75),
        ("Port Ansel", "Great Tarn", "Old Maud", "Sunday", "10:15", "15:10", 75),
        ("Great Tarn", "Port Ansel", "Old Maud", "Sunday", "11:45", "16:40", 75),
    ):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return _same_bytes(out.getvalue())


def main() -> None:
    """Write the three binary files."""
    (HANDBOOK / "tern-manual.pdf").write_bytes(pdf([TERN_1, TERN_2], "Engineer's manual of Tern"))
    (HANDBOOK / "incidents.docx").write_bytes(incidents())
    (HANDBOOK / "timetable.xlsx").write_bytes(timetable())


if __name__ == "__main__":
    main()
