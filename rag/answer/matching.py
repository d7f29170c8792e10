"""Where a table's heads and cells stand in a question: which columns and which rows its words name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.answer.asked import Piece, stems, telling
from rag.answer.grid import Grid
from rag.answer.quantities import is_unit

Place = tuple[int, int]
"""A cell: row and column."""
_LONGEST_CELL = 6
"""Words of a cell that a question can name; more are a text."""
_BRACKETS = re.compile(r"[(\[].*?[)\]]|,? in [^ ]+$")
_BEHIND = re.compile(r"\b(?:per|of|in|for|at|from|to|by)\b.*", re.IGNORECASE)
_SAME = (
    "mass weight",
    "phone telephone tel",
    "price cost fee charge fare",
    "email mail",
    "role job position post",
    "manufacturer maker producer",
    "colour color",
    "warranty guarantee",
    "pay salary wage",
    "size dimension",
    "supplier vendor",
    "amount quantity",
    "location place site",
    "begin start",
    "end finish",
    "holiday leave vacation",
    "country nation",
    "author writer",
    "duration length",
    "capacity volume",
    "seat place",
    "car vehicle",
    "boss manager",
)
SAME = {stem: n for n, group in enumerate(_SAME) for stem in stems(group)}
"""Names of columns that mean the same, by their stems: the number of their group."""


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces [first, last] of a question that name cells: wholly, or in part; no cells where they name
    something else.
    """

    first: int
    last: int
    cells: frozenset[Place]
    whole: bool

    @property
    def rows(self) -> frozenset[int]:
        """The rows that it names."""
        return frozenset(row for row, _ in self.cells)

    @property
    def columns(self) -> frozenset[int]:
        """The columns that it names cells of."""
        return frozenset(column for _, column in self.cells)


@dataclass(frozen=True, slots=True)
class Match:
    """What of a question's telling pieces is in a grid: runs of cells, columns by the pieces that name them,
    the pieces that stand in no part of it.
    """

    asked: tuple[Piece, ...]
    runs: tuple[Run, ...]
    columns: Mapping[int, frozenset[int]]
    unknown: tuple[int, ...]
    context: frozenset[int]


def match(asked: Sequence[Piece], grid: Grid) -> Match:
    """Find whole cells, heads and parts of cells of the grid among the question's telling pieces."""
    whole = list(_whole(asked, grid))
    whole = [run for run in whole if not any(_inside(run, other) for other in whole)]
    taken = {n for run in whole for n in range(run.first, run.last + 1)}
    columns = columns_named([n for n in range(len(asked)) if n not in taken], asked, grid)
    named = frozenset(n for found in columns.values() for n in found)
    around = stems(f"{grid.context} {' '.join(grid.names)}")
    context = frozenset(n for n, piece in enumerate(asked) if piece.stem in around and n not in taken | named)
    parts = _parts(asked, grid, taken | named, taken | named | context)
    in_parts = {n for run in parts for n in range(run.first, run.last + 1)}
    unknown = tuple(n for n in range(len(asked)) if n not in taken | named | context | in_parts)
    return Match(tuple(asked), (*whole, *parts), columns, unknown, context - in_parts)


def _inside(run: Run, other: Run) -> bool:
    within = other.first <= run.first and run.last <= other.last
    return within and other.last - other.first > run.last - run.first


def _whole(asked: Sequence[Piece], grid: Grid) -> Iterator[Run]:
    """The runs of pieces that are all of a cell."""
    found: dict[tuple[int, int], set[Place]] = defaultdict(set)
    runs = {
        run: None
        for first in range(len(asked))
        for run in ((first, last) for last in range(first, min(len(asked), first + _LONGEST_CELL)))
    }
    by_stems: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    by_raw: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for first, last in runs:
        by_stems[tuple(piece.stem for piece in asked[first : last + 1])].append((first, last))
        by_raw["".join(piece.raw for piece in asked[first : last + 1])].append((first, last))
    for place, words in _cells(grid):
        key = tuple(piece.stem for piece in words)
        raw = "".join(piece.raw for piece in words)
        for run in {*by_stems.get(key, ()), *by_raw.get(raw, ())}:
            found[run].add(place)
    for (first, last), places in found.items():
        cut = asked[last].glued or (first > 0 and asked[first - 1].glued)
        yield Run(first, last, frozenset() if cut else frozenset(places), True)


def _cells(grid: Grid) -> Iterator[tuple[Place, list[Piece]]]:
    for r, row in enumerate(grid.rows):
        for c, cell in enumerate(row.cells):
            words = telling(cell) if cell else []
            if 0 < len(words) <= _LONGEST_CELL:
                yield (r, c), words


def columns_named(free: Sequence[int], asked: Sequence[Piece], grid: Grid) -> dict[int, frozenset[int]]:
    """The columns whose heads stand among the free pieces, wholly if any does, else by their noun."""
    at: dict[str, int] = {}
    for n in free:
        at.setdefault(asked[n].stem, n)
    whole: dict[int, frozenset[int]] = {}
    part: dict[int, frozenset[int]] = {}
    for column, name in enumerate(grid.names):
        words = stems(_BRACKETS.sub("", name))
        noun = _noun(name)
        here = frozenset(at[word] for word in words if word in at)
        if not words or not here:
            continue
        if all(word in at or is_unit(word) for word in words):
            whole[column] = here
        elif noun & at.keys():
            part[column] = here
    covered = frozenset(n for found in whole.values() for n in found)
    return {**whole, **{column: found for column, found in part.items() if not found <= covered}}


def _noun(name: str) -> frozenset[str]:
    """The stem of a head's noun: the last word in front of a preposition, with what means the same."""
    front = telling(_BEHIND.sub("", _BRACKETS.sub("", name)))
    return frozenset({front[-1].stem}) if front else frozenset()


def same_columns(words: frozenset[str], grid: Grid) -> frozenset[int]:
    """The columns whose noun means the same as one of the words."""
    groups = {SAME[word] for word in words if word in SAME}
    nouns = {n: stems(_BRACKETS.sub("", name)) for n, name in enumerate(grid.names)}
    return frozenset(
        n for n, noun in nouns.items() if any(SAME.get(word) in groups for word in noun if word in SAME)
    )


def _parts(
    asked: Sequence[Piece], grid: Grid, taken: frozenset[int] | set[int], known: set[int]
) -> list[Run]:
    """Runs of the pieces that are left which stand in cells of more words."""
    holding: dict[str, set[Place]] = defaultdict(set)
    left: dict[Place, int] = {}
    for place, words in _cells(grid):
        left[place] = sum(not is_unit(word.raw) for word in words)
        for word in words:
            holding[word.stem].add(place)
    found: list[Run] = []
    first = 0
    while first < len(asked):
        last = first
        if first in taken or asked[first].stem not in holding or is_unit(asked[first].raw):
            first += 1
            continue
        places = set(holding[asked[first].stem])
        while last + 1 < len(asked) and last + 1 not in taken and asked[last + 1].stem in holding:
            last += 1
            places &= holding[asked[last].stem]
        beside = [n for n in (first - 1, last + 1) if 0 <= n < len(asked) and n not in known]
        near = [n for n in beside if asked[n].name or is_unit(asked[n].raw) or _touch(asked, n, first, last)]
        alien = any(asked[n].stem not in holding for n in near)
        short = all(left[place] > last - first + 1 for place in places)
        found.append(Run(first, last, frozenset() if alien and short else frozenset(places), False))
        first = last + 1
    return found


def _touch(asked: Sequence[Piece], n: int, first: int, last: int) -> bool:
    """Whether the piece stands right beside the run, with no other word between."""
    one, other = (asked[n], asked[first]) if n < first else (asked[last], asked[n])
    return other.start - one.end <= 1
