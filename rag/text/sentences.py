"""Sentences with exact offsets, by rule: no model, no data, the same on every machine.

`split_sentences` is the splitter. Two simpler ones stay beside it, since their cuts are in what is stored
and shipped: `block_sentences` draws the borders of stored chunks (others would embed every document again),
`evidence_sentences` the windows that the shipped checker and reader were trained with.

The cues are those of Kiss & Strunk (2006, https://aclanthology.org/J06-4003/), reduced to lists: a full stop
ends a sentence unless it follows a known abbreviation or an initial, or what follows goes on in lower case.
Lines that are list items, table rows or headings stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rag.types import Span

_ABBREVIATED = """
mr mrs ms dr prof rev hon st sr jr gen col capt lt sgt sen rep gov pres vs etc cf ca approx al ed eds vol
vols p pp fig figs eq eqs sec secs ch no nos art ref refs inc ltd co corp dept univ est i.e e.g a.m p.m
u.s u.k u.n ph.d jan feb mar apr jun jul aug sep sept oct nov dec max min resp incl excl ext tel bzw z.b
d.h u.a usw
"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_BEFORE_NUMBER = frozenset(
    {"no", "nos", "p", "pp", "fig", "figs", "eq", "sec", "ch", "vol", "art", "ca", "approx"}
)
_ENDS_TOO = frozenset({"etc", "al", "inc", "ltd", "co", "corp", "a.m", "p.m", "jr", "sr", "ph.d", "usw"})

MARKER = r"(?:\[\s*\^?\s*\d+(?:\s*[,;–-]\s*\^?\d+)*\s*\]|【[^】\n]{1,40}】)"
"""A citation marker: [1], [1, 2], [1-3], [^1], 【1】, 【1†source】."""

_STOP = re.compile(
    rf"""(?P<stop>(?<![.!?…])[.!?…]+ | [。！？]+)  # the terminator; the look-behind keeps long runs linear
    (?P<close>["'”’»)\]*_`]*)                    # what closes with it
    (?P<markers>(?:[ \t]*{MARKER})*)             # footnotes set behind the full stop
    (?P<space>\s+|$|(?<=[。！？]))""",
    re.VERBOSE,
)
_BULLET = r"(?:[-*+•‣◦–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])"
_ALONE = re.compile(rf"\s*(?:{_BULLET}\s+\S|\||\#{{1,6}}\s|>\s|```|.*\t|.*\S \| )")
_SHORT_LINE = 50
_WINDOW = 60


def split_sentences(text: str) -> list[Span]:
    """Spans of the sentences of `text`: in order, disjoint, trimmed, holding all but white space."""
    return [span for start, end in _blocks(text) for span in _sentences(text, start, end)]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Runs of lines that belong together."""
    start = position = 0
    previous = ""
    for line in text.splitlines(keepends=True):
        if position > start and _breaks(previous, line):
            yield start, position
            start = position
        position += len(line)
        previous = line
    yield start, len(text)


def _breaks(previous: str, line: str) -> bool:
    """Whether a new block starts between two lines."""
    if not previous.strip() or not line.strip():
        return True
    if _ALONE.match(line) or _stands_alone(previous):
        return True
    return _is_title(previous, line)


def _stands_alone(line: str) -> bool:
    """A table row or heading never goes on in the next line; a list item may."""
    row = line.strip()
    return row.startswith(("|", "#", "```")) or "\t" in row or " | " in row


def _is_title(previous: str, line: str) -> bool:
    """A short line without a full stop, with a capital or digit below it, is a title and no wrapped line."""
    words = previous.rstrip()
    below = line.lstrip()[0]
    return len(words) < _SHORT_LINE and words[-1] not in ".,;:!?-–…" and (below.isupper() or below.isdigit())


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Cut one block at its full stops; a table row stays whole."""
    if _stands_alone(text[start:end]):
        yield from _trim(text, start, end)
        return
    begin = start
    for match in _STOP.finditer(text, start, end):
        if match.end() < end and not _ends(text, begin, match, end):
            continue
        yield from _trim(text, begin, match.end())
        begin = match.end()
    yield from _trim(text, begin, end)


def _trim(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without white space around it, or nothing."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    if left < right:
        yield Span(start + left, start + right)


def _ends(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    """Whether a terminator with text behind it ends the sentence that began at `begin`."""
    following = text[match.end() : min(end, match.end() + 40)].lstrip("\"'“‘«([*_`¿¡ \n")
    if following[:1].islower():
        return False
    if match["stop"] != ".":
        return True
    window = max(begin, match.start() - _WINDOW)  # the last words decide, however long the sentence is
    return not _is_abbreviation(text[window : match.start()], following)


def _is_abbreviation(before: str, following: str) -> bool:
    """Whether the full stop behind `before` belongs to an abbreviation, an initial or an item's number."""
    words = before.split()
    if not words:
        return True
    word = words[-1].lstrip("\"'“‘«([").lower()
    if len(words) == 1 and re.fullmatch(r"\(?(?:\d{1,3}|[a-z])", word):
        return True  # "1." or "a." in front of a list item
    if len(word) == 1 and word.isalpha():
        return words[-1][-1].isupper()  # an initial: J. Smith
    if word in _BEFORE_NUMBER:
        return following[:1].isdigit() or word in {"ca", "fig", "figs"}
    return word in _ABBREVIATIONS and word not in _ENDS_TOO


# An end mark, closing quotes or brackets, white space; then something that is not lower case. CJK marks
# need no space.
_BLOCK_END = re.compile(r"""(?<=[.!?…])["'»”’)\]]*\s+(?=[^\sa-z])|(?<=[。！？])|\n+""")
_BLOCK_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|vs|etc|e\.g|i\.e|cf|al|Inc|Ltd|Co|Nos?|Figs?|Eq|Sec|Ch|pp?|Vol|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))\.$"
)
_LONGEST_ABBREVIATION = 8


def block_sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans (start, end) of the sentences in `text[start:end]`, each with the white space behind it.

    Every line ends one, since a block that is too long for a chunk may be cut at any of its lines.
    """
    spans, first = [], start
    for match in _BLOCK_END.finditer(text, start, end):
        if match.end() > first and not _ends_abbreviated(text, first, match.start()):
            spans.append((first, match.end()))
            first = match.end()
    if first < end:
        spans.append((first, end))
    return spans


def _ends_abbreviated(text: str, first: int, end: int) -> bool:
    return bool(_BLOCK_ABBREVIATION.search(text[max(first, end - _LONGEST_ABBREVIATION) : end]))


_EVIDENCE_END = re.compile(
    r"\n+|(?<=[.!?])(?<!\b[A-Z]\.)(?<!\b(?:Mr|Dr|St|vs|No)\.)(?<!\bMrs\.)(?<!\be\.g\.)(?<!\bi\.e\.)\s+"
)


def evidence_sentences(text: str) -> list[tuple[int, int]]:
    """Spans (start, end) of the sentences of a text, trimmed; the whole text when there is none."""
    cuts = [0, *(match.start() for match in _EVIDENCE_END.finditer(text)), len(text)]
    spans = []
    for start, end in pairwise(cuts):
        body = text[start:end]
        first = start + len(body) - len(body.lstrip())
        spans += [(first, start + len(body.rstrip()))] if body.strip() else []
    return spans or [(0, len(text))]
