"""Questions made from documentation pages (docs/opensearch): from headings, answered by their section, and
from the cells of tables, answered by the row whose key the question names.

They look as the service's text does, as its own parser reads the pages.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.parse.limits import Context
from ingest.parse.markdown import parse
from ingest.types import Block, ParsedDocument
from lab.recipes.reader.pairs import RelevancePair
from lab.recipes.records import QaRow, Span

SECTIONS, CELLS = 6000, 7000
_LONGEST = 1400
"""Characters of a window of a page; a section of more is cut at a block."""
_ROWS = 9
_DO = (
    "how do I {}",
    "how to {}",
    "how can I {}",
    "what are the steps to {}",
    "{}",
    "how would you {}",
    "I want to {}",
)
_THING = (
    "what is {}",
    "{}",
    "what does the documentation say about {}",
    "tell me about {}",
    "{} explained",
    "what are {}",
)
_OF = ("{} of {}", "what are the {} of {}", "{} {}", "which {} does {} have", "{} for {}")
_CELL = (
    "What is the {column} of {key}?", "what is the {column} for {key}", "{key} {column}", "{column} {key}",
    "Which {column} does {key} have?", "which {column} is given for {key}?", "what {column} goes with {key}",
)  # fmt: skip
_TELLS = ("What does {key} do?", "what is {key}", "what does {key} mean", "{key}", "what is {key} for?")
_DESCRIPTION = re.compile(r"descri|meaning|explanation|purpose", re.IGNORECASE)


@dataclass(frozen=True)
class Section:
    """A heading with the blocks below it, up to the next heading of any level."""

    heading: str
    blocks: tuple[Block, ...]


def documents(folder: Path) -> Iterator[ParsedDocument]:
    """Every Markdown page as the service reads it."""
    for path in sorted(folder.rglob("*.md")):
        yield parse(path.read_bytes(), path.name, Context())


def sections(page: ParsedDocument) -> list[Section]:
    """The page's sections in order; text before the first heading has the page's title."""
    found: list[tuple[str, list[Block]]] = [(page.title, [])]
    for block in page.blocks:
        if block.kind == "heading":
            found.append((page.text[block.start : block.end], []))
        else:
            found[-1][1].append(block)
    return [Section(heading, tuple(blocks)) for heading, blocks in found if blocks]


def verb_of(gerund: str, counts: Counter[str]) -> str | None:
    """The verb of an -ing form, by which of the possible ones the pages use most."""
    stem = gerund[:-3]
    forms = {stem, f"{stem}e", stem[:-1] if stem[-1:] == stem[-2:-1] else stem}
    best = max(forms, key=lambda form: counts[form])
    return best if counts[best] > 3 else None


def asked(heading: str, title: str, counts: Counter[str], dice: random.Random) -> str | None:
    """A question that a section answers, from its heading; None where the heading says too little."""
    words = heading.strip(" :.?").split()
    if not words or len(words) > 9 or len(heading) < 4:
        return None
    plain = " ".join(words)
    first = words[0].lower()
    if heading.rstrip().endswith("?"):
        return heading
    if first.endswith("ing") and len(words) > 1 and (verb := verb_of(first, counts)):
        return dice.choice(_DO).format(" ".join([verb, *words[1:]]))
    if re.match(r"(?:step \d+:?|\d+\.)\s", plain, re.IGNORECASE):
        return None
    lowered = plain if plain.isupper() else plain[0].lower() + plain[1:]
    if title and title.lower() not in plain.lower() and len(words) <= 3:
        return dice.choice(_OF).format(lowered, title)
    return dice.choice(_THING).format(lowered)


def heading_pairs(pages: Sequence[ParsedDocument], seed: int = 1) -> list[RelevancePair]:
    """A question for sections, its passage the section between what stands before and after it, its evidence
    the section.
    """
    dice = random.Random(seed)
    counts = Counter(word for page in pages for word in re.findall(r"[a-z]+", page.text.lower()))
    made = []
    for page in pages:
        parts = sections(page)
        for place, section in enumerate(parts):
            question = asked(section.heading, page.title, counts, dice)
            body = page.text[section.blocks[0].start : section.blocks[-1].end]
            if question is None or len(body) < 60:
                continue
            made.append(
                _window(
                    page,
                    section,
                    parts[place - 1 : place] if place else [],
                    parts[place + 1 : place + 2],
                    question,
                    dice,
                )
            )
    return dice.sample(made, min(SECTIONS, len(made)))


def _window(
    page: ParsedDocument,
    section: Section,
    before: Sequence[Section],
    after: Sequence[Section],
    question: str,
    dice: random.Random,
) -> RelevancePair:
    start, end = section.blocks[0].start, section.blocks[0].end
    for block in section.blocks[1:]:
        if block.end - start <= _LONGEST:
            end = block.end
    end = min(end, start + _LONGEST)
    low, high = start, end
    if before and dice.random() < 0.6:
        low = max(before[0].blocks[-1].start, start - 500)
    if after and dice.random() < 0.6:
        high = min(after[0].blocks[0].end, end + 500)
    elif dice.random() < 0.5:  # its own heading in front
        low = min(low, max(0, start - len(section.heading) - 2))
    text = page.text[low:high]
    return RelevancePair("page_section", question, text, (), (Span(start - low, end - low),))


@dataclass(frozen=True)
class Grid:
    """A table of a page: its title, what the page says above it, its header, its rows of as many cells."""

    title: str
    above: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def grids(page: ParsedDocument) -> Iterator[Grid]:
    """The tables with a header of two columns or more, three rows or more, and keys that differ."""
    for place, block in enumerate(page.blocks):
        if block.kind != "table":
            continue
        lines = [
            tuple(cell.strip() for cell in line.split(" | "))
            for line in page.text[block.start : block.end].split("\n")
        ]
        header, rows = (
            lines[0],
            [line for line in lines[1:] if len(line) == len(lines[0]) and 0 < len(line[0]) < 60],
        )
        if len(header) < 2 or len(rows) < 3 or len({row[0].lower() for row in rows}) < len(rows):
            continue
        near = page.blocks[place - 1] if place else None
        above = page.text[near.start : near.end] if near is not None and near.kind == "paragraph" else ""
        yield Grid(page.title, above[-200:], header, tuple(rows))


def cell_rows(pages: Sequence[ParsedDocument], seed: int = 1, absent: float = 0.4) -> list[QaRow]:
    """Questions for cells; for `absent` of them the table lacks the row, or the column, that is asked for."""
    dice = random.Random(seed)
    tables = [grid for page in pages for grid in grids(page)]
    keys = [row[0] for grid in tables for row in grid.rows]
    columns = [name for grid in tables for name in grid.header[1:] if name]
    made = []
    for grid in tables:
        for _ in range(min(6, len(grid.rows))):
            one = _cell(grid, dice, keys, columns, dice.random() < absent)
            if one is not None:
                made.append(one)
    return dice.sample(made, min(CELLS, len(made)))


def _cell(
    grid: Grid, dice: random.Random, keys: Sequence[str], columns: Sequence[str], absent: bool
) -> QaRow | None:
    row = dice.choice(grid.rows)
    column = dice.randrange(1, len(grid.header))
    key, name, cell = row[0], grid.header[column], row[column]
    if not name or not cell:
        return None
    others = [other for other in grid.rows if other is not row]
    kept = dice.sample(others, min(len(others), dice.randint(2, _ROWS)))
    shown = sorted([*kept, row], key=grid.rows.index)
    if absent:
        lost = dice.random()
        if lost < 0.5:  # the row goes, the question stays
            shown = [other for other in shown if other is not row]
        elif lost < 0.8:
            key = dice.choice(keys)
            if any(key.lower() == other[0].lower() for other in grid.rows):
                return None
        else:
            name = dice.choice(columns)
            if any(
                name.lower() in head.lower() or head.lower() in name.lower() for head in grid.header if head
            ):
                return None
    text, places = laid_out(grid, shown, dice)
    spans = () if absent else (_span(places, shown.index(row), column, cell),)
    forms = _TELLS if _DESCRIPTION.search(name) and dice.random() < 0.6 else _CELL
    question = dice.choice(forms).format(key=key, column=name if name.isupper() else name.lower())
    return QaRow("page_table" if spans else "turned_table", "train", grid.title, question, text, spans)


def laid_out(grid: Grid, rows: Sequence[tuple[str, ...]], dice: random.Random) -> tuple[str, list[list[int]]]:
    """The rows as text, in one of the forms that files give, and where each cell begins."""
    bars = dice.random() < 0.25
    named = not bars and dice.random() < 0.3
    text = f"{grid.above}\n\n" if grid.above and dice.random() < 0.5 else ""
    lines = [] if named else [grid.header]
    places: list[list[int]] = []
    for line in [*lines, *rows]:
        starts = []
        text += "| " if bars else ""
        for n, cell in enumerate(line):
            text += f"{grid.header[n]}: " if named else ""
            starts.append(len(text))
            text += cell + ("; " if named and n + 1 < len(line) else " | " if n + 1 < len(line) else "")
        text += " |\n" if bars else "\n"
        places.append(starts)
    return text.rstrip("\n"), places[len(lines) :]


def _span(places: Sequence[Sequence[int]], row: int, column: int, cell: str) -> Span:
    start = places[row][column]
    return Span(start, start + len(cell))
