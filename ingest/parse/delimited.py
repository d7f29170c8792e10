"""CSV and TSV by the csv module: every field as it is written, and the delimiter told from the whole file."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from ingest.parse.builder import Builder
from ingest.parse.decode import decode
from ingest.parse.grid import Cell, Row, looks_like_value, pieces
from ingest.parse.limits import Context
from ingest.types import ParsedDocument

_DELIMITERS = "\t;|,"  # of two that fit alike the first: a comma is the likeliest to stand in text
_NONE = "\x00"  # a delimiter that no text holds
_HINT = "sep="  # a first line that Excel understands
_COMMENT = "#"
_FEWEST_ROWS = 2  # of the usual width, a header among them
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
    above, table, below = _parted(text, records, delimiter)
    for piece in (*above, *pieces(_rows(table)), *below):
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


def _parted(
    text: str, records: Sequence[Record], delimiter: str
) -> tuple[list[str], Sequence[Record], list[str]]:
    """The lines above the rows, the rows, and the lines below.

    Comments and sentences are such lines, and what has but one field beside them.
    """
    end = next((at for at in range(len(records), 0, -1) if records[at - 1]), 0)
    usual = _usual_width(len(record) for record in records)
    if sum(len(record) == usual for record in records) < _FEWEST_ROWS:
        return [], records[:end], []
    is_spaced = 2 * text.count(f"{delimiter} ") > text.count(delimiter)
    aside = partial(_aside, usual=usual, delimiter=delimiter, is_spaced=is_spaced)
    lines = text.rstrip("\n").split("\n")
    above = list(_until_none(map(aside, lines, records[:end])))
    below = list(_until_none(map(aside, reversed(lines), reversed(records[len(above) : end]))))
    return above, records[len(above) : end - len(below)], below[::-1]


def _aside(line: str, record: Record, usual: int, delimiter: str, is_spaced: bool) -> str | None:
    """The text of a line that is no row; None for a row, an empty line, and a part of a longer record."""
    if len(record) in (0, usual) or next(_records(line, delimiter)) != record:
        return None
    if len(record) == 1:
        return record[0]
    marks = line.count(delimiter)
    is_sentence = 0 < marks == line.count(f"{delimiter} ") and not is_spaced
    return line if is_sentence or line.startswith(_COMMENT) else None


def _until_none(texts: Iterable[str | None]) -> Iterator[str]:
    for text in texts:
        if text is None:
            return
        yield text


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
