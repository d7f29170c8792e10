"""CSV and TSV by the csv module: every field as it is written, and the delimiter told from the whole file."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ingest.parse.builder import Builder
from ingest.parse.decode import decode
from ingest.parse.grid import Cell, Row, looks_like_value, pieces
from ingest.parse.limits import Context
from ingest.types import ParsedDocument

_DELIMITERS = "\t;|,"  # of two that fit alike the first: a comma is the likeliest to stand in text
_NONE = "\x00"  # a delimiter that no text holds
_HINT = "sep="  # a first line that Excel understands
_COMMENT = "#"
_ALIKE = 0.5  # of the records from the first that is divided to the last, how many have the same width
_SHARES = {False: 0.7, True: 0.9}  # and how many are divided: below a title more, as it may be a lone header
_NO_FIT = (0.0, 0)

Record = list[str]


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """Title and comment lines, the table, what stands below it; tables parted by empty lines are several.

    Rows may be uneven. Quotes that are not closed as they should be are text.
    """
    delimiter, text = _divided(decode(content).replace("\x00", "\ufffd").lstrip("\ufeff"))
    records = list(_records(text, delimiter))
    builder = Builder()
    if delimiter is None:
        builder.add_table(records)
        return builder.build()
    comments = _comments(text, records)
    for piece in [*comments, *pieces(_rows(records[len(comments) :]))]:
        if isinstance(piece, str):
            builder.add("paragraph", piece)
        else:
            builder.add_table(piece)
    return builder.build()


def _rows(records: Sequence[Record]) -> Iterator[Row]:
    for number, record in enumerate(records):
        cells = {at: Cell(field, looks_like_value(field)) for at, field in enumerate(record) if field.strip()}
        if cells:
            yield Row(number, cells, len(record))


def _comments(text: str, records: Sequence[Record]) -> list[str]:
    """The lines at the top that are marked as comments, up to one that is the table's header."""
    width = _usual_width(len(record) for record in records)
    comments = list[str]()
    for line, record in zip(text.split("\n"), records, strict=False):
        if not line.startswith(_COMMENT) or len(record) == width:
            break
        comments.append(line)
    return comments


# records


def _records(text: str, delimiter: str | None) -> Iterator[Record]:
    """The fields of each record; a line whose quotes do not close as they should is taken as it is."""
    csv.field_size_limit(sys.maxsize)
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        rest = (f"{lines[at]}\n" for at in range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter or _NONE, skipinitialspace=True, strict=True)
        read = 0
        try:
            for record in reader:
                yield record
                read = reader.line_num
            return
        except csv.Error:
            line = lines[start + read]
            yield line.split(delimiter) if delimiter else [line]
            start += read + 1


# the delimiter


def _divided(text: str) -> tuple[str | None, str]:
    """The delimiter, None for a single column, and the text without a first line that only names it."""
    first, _, rest = text.partition("\n")
    if first[: len(_HINT)].lower() == _HINT and len(first.strip("\r ")) == len(_HINT) + 1:
        return first[len(_HINT)], rest
    fits = {each: _fit(text, each) for each in _DELIMITERS if each in text}
    best = max(fits, key=lambda each: fits[each], default=None)
    return (best if best is not None and fits[best] > _NO_FIT else None), text


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """The share of records that have the usual number of fields, and that number."""
    widths = [len(record) for record in _records(text, delimiter) if any(record)]
    divided = [at for at, width in enumerate(widths) if width > 1]
    if not divided:
        return _NO_FIT
    usual = _usual_width(widths)
    between = widths[divided[0] : divided[-1] + 1]
    alike, has_title = widths.count(usual), divided[0] > 0
    if (
        (has_title and len(divided) < 2)
        or alike < _ALIKE * len(between)
        or len(divided) < _SHARES[has_title] * len(between)
    ):
        return _NO_FIT
    is_even = usual > 2 and alike == len(divided)
    if has_title and not is_even and text.count(f"{delimiter} ") == text.count(delimiter):
        return _NO_FIT  # sentences in a single column
    return alike / len(widths), usual


def _usual_width(widths: Iterable[int]) -> int:
    """The commonest number of fields of the records that have more than one; of two, the greater."""
    counts = Counter(width for width in widths if width > 1)
    return max(counts, key=lambda width: (counts[width], width), default=1)
