"""A row is answered by its key: what a table says to a question that names row and column.

The question's telling words have to stand in the table: in cells, which say which rows; in heads, which say
which columns; in the title or line above. Where all do, the cells are the answer. Where the table has no such
row or column, none of its rows is. In between the rows that are named may be quoted, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.answer.asked import Piece, pieces
from rag.answer.grid import Grid, grids_of
from rag.answer.matching import Match, match, same_columns
from rag.answer.quantities import asked_kind, figure, is_unit, kinds
from rag.answer.tables import TextOf
from rag.models.types import Encoder
from rag.types import Hit, Span

SURE = 0.95
"""The confidence in an answer of which row and column are named."""
MOST_ROWS = 6
_MOST_UNKNOWN = 2
"""Words of a question for a cell that the table need not have."""
_ALIKE, _APART = 0.7, 0.15
_UNLIKE = 0.45
"""Cosines: of a head with the words asked for that mean the same, and how far the next one is behind; below
the last, none does.
"""
_NOT_ASKED = re.compile(
    r"\bwhy\b|\bhow (?:do|can|could|should|would|to)\b|\b(?:not|no|never|without|except)\b", re.I
)
_SIDE = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|may|must|has|have|had|will|would|should)\b", re.I
)
_COMPARES = re.compile(
    r"\b(?:more|less|fewer|over|under|above|below|between|at least|at most|than|up to)\b", re.I
)
_WHOLE = re.compile(r"\b(?:about|everything|details?|information|row|data|record|entry)\b", re.I)
_ALL_WANTED = re.compile(r"\band\b|\bor\b|[,/&]", re.I)
_WHICH = re.compile(r"\b(?:which|what)\s+(?!(?:is|are|was|were|do|does|did|has|have|can)\b)", re.I)
_WHO = re.compile(r"\bwho(?:se)?\b", re.I)
_PERSON = re.compile(r"\b(?:name|person|employee|contact|staff|member|owner|manager|author|player)\b", re.I)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MOST = "highest largest greatest most biggest heaviest longest tallest deepest maximum oldest widest"
_LEAST = "lowest smallest least fewest lightest shortest cheapest minimum youngest narrowest"
_END = {**dict.fromkeys(_MOST.split(), 1), **dict.fromkeys(_LEAST.split(), -1)}
_END_OF = {
    "heaviest": "weight mass",
    "lightest": "weight mass",
    "cheapest": "price cost fee fare rate",
    "tallest": "height",
    "deepest": "depth",
    "longest": "length duration time",
    "shortest": "length height duration time",
    "widest": "width",
    "narrowest": "width",
    "oldest": "age",
    "youngest": "age",
}
_MEASURES = {
    "heavy": "weight mass",
    "weigh": "weight mass",
    "weighs": "weight mass",
    "tall": "height",
    "high": "height elevation altitude",
    "deep": "depth",
    "wide": "width",
    "long": "length duration time",
    "far": "distance",
    "fast": "speed",
    "old": "age",
    "big": "size area capacity",
    "large": "size area capacity",
    "thick": "thickness",
    "hot": "temperature",
    "cost": "price cost fee fare rate charge",
    "costs": "price cost fee fare rate charge",
    "expensive": "price cost fee fare rate",
    "when": "date day time opens start begin year",
    "where": "location place room office city site address",
}


@dataclass(frozen=True, slots=True)
class Pick:
    """Cells of a row that answer: `columns` of it, behind its key; none for the row as a whole."""

    grid: Grid
    row: int
    key: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What the tables of the hits say: the cells that answer, surely; and the lines of each document that
    must not be quoted, as they are heads, or rows of another key.
    """

    picks: tuple[Pick, ...]
    barred: Mapping[str, tuple[Span, ...]]

    confidence: float = SURE

    def bars(self, document: str, span: Span) -> bool:
        """Whether this span of a document is, or lies in, a line that must not be quoted."""
        return any(one.start <= span.start and span.end <= one.end for one in self.barred.get(document, ()))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A grid's answer: the picks, or the rows that may be quoted; None for all of them. `fit` is how many of
    the question's words the table holds above its rows.
    """

    picks: tuple[Pick, ...] = ()
    allowed: frozenset[int] | None = None
    fit: int = 0


def look_up(question: str, hits: Sequence[Hit], encoder: Encoder, text_of: TextOf | None) -> Looked:
    """Look the question up in every table of the hits."""
    grids = grids_of(hits, text_of)
    asked = [piece for piece in pieces(question) if piece.telling]
    readings = [_reading(question, asked, grid, encoder) for grid in grids]
    picks = _best(question, [one for one in readings if one.picks])
    barred: dict[str, tuple[Span, ...]] = {}
    for grid, reading in zip(grids, readings, strict=True):
        document = hits[grid.hit].chunk.document_id
        barred[document] = barred.get(document, ()) + _barred(grid, reading)
    return Looked(picks, barred)


def _barred(grid: Grid, reading: _Reading) -> tuple[Span, ...]:
    shift = grid.source.start
    lines = [grid.head[0]] if grid.sure else []
    if reading.allowed is not None:
        lines += [row.lines[0] for n, row in enumerate(grid.rows) if n not in reading.allowed]
        lines += [grid.head[0]] if not grid.sure else []
    return tuple(Span(line.start + shift, line.end + shift) for line in lines)


def _best(question: str, readings: Sequence[_Reading]) -> tuple[Pick, ...]:
    """The picks of the tables that fit best; of several the one without a year above, else of the latest."""
    if not readings:
        return ()
    most = max(one.fit for one in readings)
    fitting = [one for one in readings if one.fit == most]
    if not _YEAR.search(question):
        years = [max(_YEAR.findall(one.picks[0].grid.context), default="") for one in fitting]
        wanted = "" if "" in years else max(years)
        fitting = [one for one, year in zip(fitting, years, strict=True) if year == wanted]
    return tuple(pick for one in fitting for pick in one.picks)[:MOST_ROWS]


def _reading(question: str, asked: Sequence[Piece], grid: Grid, encoder: Encoder) -> _Reading:
    if _NOT_ASKED.search(question) or not asked:
        return _Reading()
    found = match(asked, grid)
    reading = _straight(question, found, grid, encoder)
    if not reading.picks and not _is_lookup(found):
        reading = _Reading()
    if reading.picks or reading.allowed == frozenset() or not _may_be_turned(grid):
        return reading
    turned = grid.turned()
    other = _straight(question, match(asked, turned), turned, encoder)
    return other if other.picks else reading


def _is_lookup(found: Match) -> bool:
    """Whether the question plainly asks for a cell of this table: it names a column, or a key wholly, and
    hardly a word that stands elsewhere. Of another question the rows may be the answer whatever they are
    named.
    """
    keyed = any(run.whole and 0 in run.columns for run in found.runs)
    return len(found.unknown) <= (_MOST_UNKNOWN if any(found.columns) else int(keyed))


def _may_be_turned(grid: Grid) -> bool:
    """Whether the heads may be keys: no more names than rows have, the first column holds no figures."""
    return 2 <= len(grid.rows) <= 60 and not any(row.cells[0][:1].isdigit() for row in grid.rows)


def _straight(question: str, found: Match, grid: Grid, encoder: Encoder) -> _Reading:
    """The reading of a table whose rows are the things, and whose columns are what is said of them."""
    end = _superlative(question, found, grid)
    if end is not None:
        return end
    rows = _rows(question, found)
    names = [found.asked[n] for n in found.unknown if found.asked[n].name]
    if rows is None:
        return _unnamed(question, found, names)
    if not rows or any(_is_telling_name(piece, found, rows) for piece in names):
        return _Reading(allowed=frozenset())
    if _SIDE.match(question) or _COMPARES.search(question):
        return _Reading(allowed=rows)
    return _of_rows(question, found, grid, encoder, rows)


def _is_telling_name(piece: Piece, found: Match, rows: frozenset[int]) -> bool:
    """Whether an unknown name says that another thing is asked for: a figure or code, or one beside a key
    that is not named wholly or stands in several rows.
    """
    keyed = any(run.whole and 0 in run.columns for run in found.runs) and len(rows) == 1
    return any(letter.isdigit() for letter in piece.raw) or piece.glued or not keyed


def _unnamed(question: str, found: Match, names: Sequence[Piece]) -> _Reading:
    """No row is named: none answers a question for a column of the table, or with a name that it lacks."""
    wanted = bool(found.columns) and bool(found.unknown) and not _COMPARES.search(question)
    if names or (wanted and not _SIDE.match(question)):
        return _Reading(allowed=frozenset())
    return _Reading()


def _rows(question: str, found: Match) -> frozenset[int] | None:
    """The rows that every run names; those of each where several keys are asked for; None without a run."""
    if not found.runs:
        return None
    rows = frozenset.intersection(*(run.rows for run in found.runs))
    if rows or not _ALL_WANTED.search(question):
        return rows
    columns = frozenset.intersection(*(run.columns for run in found.runs))
    if columns and all(run.whole for run in found.runs):
        return frozenset(row for run in found.runs for row, column in run.cells if column in columns)
    return rows


def _of_rows(question: str, found: Match, grid: Grid, encoder: Encoder, rows: frozenset[int]) -> _Reading:
    key = _key(grid)
    valued = _valued(found, key)
    columns = _columns(question, found, grid, encoder, rows, valued)
    if columns is None:
        return _Reading(allowed=frozenset())
    if not columns or len(rows) > MOST_ROWS:
        return _Reading(allowed=rows)
    shown = (
        () if columns == frozenset(range(len(grid.names))) else tuple(sorted((columns | valued) - set(key)))
    )
    picks = tuple(Pick(grid, row, key, shown) for row in sorted(rows))
    if shown and not any(grid.rows[pick.row].cells[column] for pick in picks for column in shown):
        return _Reading(allowed=frozenset())
    return _Reading(picks, rows, len(found.context) + sum(map(len, found.columns.values())))


def _key(grid: Grid) -> tuple[int, ...]:
    """The columns that tell the rows apart: the first, and more to its right where it does not."""
    for count in range(1, min(3, len(grid.names))):
        if len({row.cells[:count] for row in grid.rows}) == len(grid.rows):
            return tuple(range(count))
    return (0,)


def _valued(found: Match, key: Sequence[int]) -> frozenset[int]:
    """The columns, not of the key, in which a value is named."""
    return frozenset(
        column for run in found.runs if not run.columns & set(key) for column in run.columns
    ) & frozenset(
        column
        for run in found.runs
        for column in run.columns
        if len(run.columns) == 1 or column in found.columns
    )


def _columns(
    question: str,
    found: Match,
    grid: Grid,
    encoder: Encoder,
    rows: frozenset[int],
    valued: frozenset[int],
) -> frozenset[int] | None:
    """The columns asked for; all for the whole row, none where it cannot be told, None where the table surely
    lacks it.
    """
    every = frozenset(range(len(grid.names)))
    named = frozenset(found.columns) - valued
    if valued and (named <= {0} or _asks_for_key(question, found, grid)):
        if frozenset(found.columns) - valued - {0}:
            return None  # the value that is named is another column's
        return every & frozenset({0}) if not found.unknown else frozenset()
    named -= {0} if len(named) > 1 else frozenset()
    if named - {0}:
        return named if not found.unknown else frozenset()
    if not found.unknown and not _measured(question, grid, rows):
        whole = _WHOLE.search(question) or len(found.asked) == sum(r.last - r.first + 1 for r in found.runs)
        bare = not re.search(r"\b(?:who|when|where|how)\b", question, re.I)
        return every if whole and bare else frozenset()
    return _other_columns(question, found, grid, encoder, rows)


def _asks_for_key(question: str, found: Match, grid: Grid) -> bool:
    """Whether the question is which thing has a value."""
    if _WHO.search(question) and (_PERSON.search(grid.names[0]) or not any(found.columns)):
        return True
    which = _WHICH.search(question)
    if not which:
        return False
    first = next((n for n, piece in enumerate(found.asked) if piece.start >= which.end()), None)
    if first is None or found.asked[first].start > which.end() + 1:
        return False
    return first in found.context or first in found.columns.get(0, ())


def _other_columns(
    question: str, found: Match, grid: Grid, encoder: Encoder, rows: frozenset[int]
) -> frozenset[int] | None:
    """The columns that the question names in other words."""
    unknown = [found.asked[n] for n in found.unknown]
    same = same_columns(frozenset(piece.stem for piece in unknown), grid) - {0}
    if len(same) == 1 and len(unknown) == 1:
        return same
    measured = _measured(question, grid, rows)
    if len(measured) == 1 and len(unknown) <= 1:
        return measured
    words = " ".join(piece.raw for piece in unknown)
    if not words or len(unknown) > 3:
        return frozenset()
    near = np.array([_cosine(encoder, words, name) for name in grid.names])
    best, next_best = int(near.argmax()), float(np.sort(near)[-2])
    if near[best] >= _ALIKE and near[best] - next_best >= _APART and best > 0:
        return frozenset({best})
    plain = (
        re.search(r"^(?:what|which|who|when|where|how)\b", question.strip(), re.I)
        or len(question.split()) < 5
    )
    return None if near[best] < _UNLIKE and not same and not measured and plain else frozenset()


def _cosine(encoder: Encoder, words: str, name: str) -> float:
    one, other = encoder.encode_passages([words, name])
    return float(one.dense @ other.dense)


def _measured(question: str, grid: Grid, rows: frozenset[int]) -> frozenset[int]:
    """The columns that hold what "how heavy", "how much does it cost", "when" or "where" ask for."""
    said = [word.lower() for word in re.findall(r"\w+", question)]
    for noun in (noun for word in said if word in _MEASURES for noun in _MEASURES[word].split()):
        by_name = frozenset(n for n, name in enumerate(grid.names) if n and noun in _lower(name))
        if by_name:
            return by_name
    kind = asked_kind(question)
    return frozenset(
        n
        for n, name in enumerate(grid.names)
        if n and kind and any(kind in kinds(f"{grid.rows[row].cells[n]} {_unit(name)}") for row in rows)
    )


def _unit(name: str) -> str:
    """The unit in a head's brackets as a quantity: "1 kg" for "Mass (kg)"."""
    unit = unit_of(name)
    return f"1 {unit}" if unit else ""


def unit_of(name: str) -> str:
    """The unit that a head names in brackets or behind "in" or a comma; empty where it names none."""
    found = re.search(r"[(\[]\s*(?:in )?([^()\[\]]{1,12}?)\s*[)\]]\s*$|(?:, | in )(\S{1,10})$", name)
    unit = (found[1] or found[2]) if found else ""
    return unit if unit and all(is_unit(part) for part in re.split(r"[/ ]", unit)) else ""


def _superlative(question: str, found: Match, grid: Grid) -> _Reading | None:
    """The row with the most or least of the one column that is named, all of whose figures have one unit."""
    said = [word.lower() for word in re.findall(r"\w+", question)]
    ends = [word for word in said if word in _END]
    if "expensive" in said and ends:
        nouns, ends = _MEASURES["expensive"], ends[:1]
    else:
        nouns = " ".join(_END_OF.get(word, "") for word in ends)
    wanted = set(nouns.split())
    if len(ends) != 1 or any(run.whole and 0 in run.columns for run in found.runs):
        return None
    columns = frozenset(found.columns) - {0} or frozenset(
        n for n, name in enumerate(grid.names) if n and wanted & _lower(name)
    )
    rest = [n for n in found.unknown if found.asked[n].raw not in (*ends, "expensive")]
    if len(columns) != 1 or rest or found.runs:
        return None
    column = next(iter(columns))
    if ends[0] in _lower(grid.names[column]):
        return None
    read = [figure(row.cells[column]) for row in grid.rows]
    figures = [one for one in read if one is not None]
    if len(figures) < len(read) or len({unit for _, unit in figures}) > 1:
        return None
    sign = _END[ends[0]]
    best = max(sign * value for value, _ in figures)
    rows = [n for n, (value, _) in enumerate(figures) if sign * value == best]
    picks = tuple(Pick(grid, row, _key(grid), (column,)) for row in rows[:MOST_ROWS])
    return _Reading(picks, frozenset(rows), len(found.context) + 1)


def _lower(name: str) -> frozenset[str]:
    """A head's words in lower case."""
    return frozenset(word.lower() for word in re.findall(r"\w+", name))
