"""What evidence says of each value: the words that it is tied to, by the clause or by the row and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.check.clauses import clauses, is_negated, stems_of
from rag.check.units import unit_of
from rag.check.values import Value, of_unit, values_in
from rag.text.rows import RULE, cells, separator
from rag.text.sentences import split_sentences

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Fact:
    """A clause or a cell with its values, at characters [start, end) of the `context`-th passage.

    `words` are the stems that stand in it, `around` those that it leans on (what the sentence began with, the
    sentence before a pronoun, the headings). The values' offsets count in the passage. `stems` are a clause's
    own in order; a cell has none.
    """

    context: int
    start: int
    end: int
    words: Words
    around: Words
    values: tuple[Value, ...]
    stems: tuple[str, ...] = ()
    is_negated: bool = False


_PRONOUN = re.compile(
    r"(?:it|its|they|their|this|these|that|he|his|she|her|both|sie|er|es|ihr|ihre|sein|seine|diese|dieser|dieses)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\#{1,6}\s")
_LONGEST_TITLE = 80
_COLUMN_UNIT = re.compile(r"[(\[]([^)\]]+)[)\]]|(?:\bin|,)\s+(\S+)\s*$")


def facts_of(passages: Sequence[str]) -> list[Fact]:
    """All facts of the passages, in order."""
    return [fact for context, passage in enumerate(passages) for fact in _of_passage(context, passage)]


def _of_passage(context: int, passage: str) -> Iterator[Fact]:
    heading: Words = frozenset()
    before: Words = frozenset()
    header: tuple[str, ...] | None = None
    for span in split_sentences(passage):
        text = passage[span.start : span.end]
        if separator(text) is not None and "\n" not in text:
            names = cells(text)
            if RULE.fullmatch(text):
                continue
            if header is None and _is_header(names):
                header = names
                continue
            yield from _of_row(context, span.start, text, header, heading)
            continue
        header = None
        if _is_title(text):
            heading = frozenset(stems_of(text))
            before = frozenset()
            continue
        leaned = before if _PRONOUN.match(text) else frozenset()
        yield from _of_sentence(context, span.start, text, heading | leaned)
        before = frozenset(stems_of(text, values_in(text))) | leaned


def _is_header(names: Sequence[str]) -> bool:
    """Whether a row names columns: it holds no value of its own, and no cell begins with a figure."""
    return len(names) > 1 and not any(name[:1].isdigit() or (name and values_in(name)) for name in names)


def _is_title(text: str) -> bool:
    if _HEADING.match(text):
        return True
    return len(text) < _LONGEST_TITLE and text[-1] not in ".,;:!?…" and not values_in(text)


def _of_sentence(context: int, offset: int, text: str, around: Words) -> Iterator[Fact]:
    said: Words = frozenset()
    for start, end in clauses(text):
        part = text[start:end]
        values = values_in(part)
        stems = stems_of(part, values)
        words = frozenset(stems)
        placed = tuple(_moved(value, offset + start) for value in values)
        first, last = offset + start, offset + start + len(part.rstrip())
        yield Fact(context, first, last, words, around | said, placed, stems, is_negated(part))
        said |= words


def _of_row(
    context: int, offset: int, row: str, header: tuple[str, ...] | None, heading: Words
) -> Iterator[Fact]:
    """A fact for each cell of a row: tied to the row's other words, its label foremost, and the column's."""
    names = header if header is not None and len(header) == len(cells(row)) else None
    places = _cell_places(row)
    label = frozenset(stems_of(row[places[0][0] : places[0][1]])) if places else frozenset()
    for n, (start, end) in enumerate(places[1:] if len(places) > 1 else places, start=1):
        text = row[start:end]
        column = names[n] if names and n < len(names) else ""
        values = tuple(_in_column(value, column) for value in values_in(text))
        words = label | frozenset(stems_of(column)) | frozenset(stems_of(text, values))
        around = heading | frozenset(stems_of(names[0]) if names else ())
        placed = tuple(_moved(value, offset + start) for value in values)
        yield Fact(context, offset, offset + len(row), words, around, placed)


def _cell_places(row: str) -> list[tuple[int, int]]:
    """Where each cell stands in its row, trimmed, in the order of `cells`."""
    parts = separator(row) or "|"
    inner, position, places = row.strip(), len(row) - len(row.lstrip()), []
    if parts == "|" and inner.startswith("|"):
        inner, position = inner[1:], position + 1
    if parts == "|":
        inner = inner.removesuffix("|")
    for cell in inner.split(parts):
        left = len(cell) - len(cell.lstrip())
        places.append((position + left, position + max(left, len(cell.rstrip()))))
        position += len(cell) + 1
    return places


def _in_column(value: Value, column: str) -> Value:
    """A bare number in the unit that its column's name gives: "Pressure (bar)"."""
    match = _COLUMN_UNIT.search(column) if value.kind == "count" else None
    unit = unit_of((match[1] or match[2]).strip()) if match else None
    if unit:
        return of_unit(value, unit)
    return replace(value, of=value.of or frozenset(stems_of(column))) if value.kind == "count" else value


def _moved(value: Value, by: int) -> Value:
    return replace(value, start=value.start + by, end=value.end + by)
