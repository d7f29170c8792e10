"""Sentences with exact offsets, by rule: no model, no data, the same on every machine.

`split_sentences` is the splitter. Two simpler ones stay beside it, since their cuts are in what is stored
and shipped: `block_sentences` draws the borders of stored chunks (others would embed every document again),
`evidence_sentences` the windows that the shipped checker and reader were trained with.

The cues are those of Kiss & Strunk (2006, https://aclanthology.org/J06-4003/), reduced to lists: a full stop
ends a sentence unless it follows a known abbreviation, an initial or a German ordinal, or what follows goes
on in lower case. A capital letter behind a number is a unit ("5 A."), behind a common noun a label
("yard B."), and both may end a sentence. Lines that are list items, table rows or headings stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.types import Span

_ABBREVIATED = """
mr mrs ms messrs dr prof rev hon st mt sr jr gen col capt lt sgt sen rep gov pres vs etc cf ca approx al ed
eds vol vols p pp fig figs eq eqs sec secs ch no nos art ref refs inc ltd co corp dept univ est esp viz i.e
e.g a.m p.m u.s u.k u.n ph.d jan feb mar apr jun jul aug sep sept oct nov dec max min resp incl excl ext tel
abb abs abschn allg art aufl bd bspw bzw d.h d.i dipl einschl evtl exkl geb gez ggf hr hrsg i.a i.d.r i.v
ing inkl insb jh kap mio mrd nr nrn o.ä o.g s.o s.u sog std str tab u.a u.u usw v.a vgl z.b z.t zzgl
"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_BEFORE_NUMBER = frozenset(
    ("no", "nos", "p", "pp", "fig", "figs", "eq", "sec", "ch", "vol", "art", "ca", "approx", "nr", "nrn",
     "abb", "abs", "abschn", "bd", "kap", "s", "tab", "ziff", "mind")
)  # fmt: skip
"""Those that are one in front of a number alone: "No. 5", but "No. It is late."."""
_ENDS_TOO = frozenset({"etc", "al", "inc", "ltd", "co", "corp", "a.m", "p.m", "jr", "sr", "ph.d", "usw"})
_UNITS_TOO = frozenset({"min", "sec", "secs", "hr", "std"})
"""Behind a number these are units or words that may end a sentence: "It takes 5 min."."""
_SPACED = re.compile(
    r"(?<!\w)(?:z\. ?[BT]|d\. ?h|u\. ?[aU]|i\. ?[AVe]|i\. ?d\. ?R|o\. ?[äg]|v\. ?a|s\. ?[ou]|e\. ?g|"
    r"[ap]\. ?m)\."
)
"""Abbreviations of several words, with or without spaces between their letters: "z. B.", "i. d. R."."""
_SPACED_END = re.compile(r"[ap]\. ?m\.")
_SPACED_REACH = 9
_INITIAL_BEFORE = frozenset(
    ("by", "of", "and", "with", "from", "to", "for", "or", "as", "than", "see", "both", "von", "mit",
     "und", "für", "bei", "an", "oder", "durch", "de", "van", "der", "et", "author", "editor",
     "president", "chairman", "minister", "engineer", "architect", "director", "manager", "captain",
     "writer", "poet", "painter", "singer", "actor", "judge", "senator", "professor", "doctor", "general",
     "inventor", "founder", "colleague", "brother", "sister", "son", "daughter", "wife", "husband",
     "friend", "mother", "father", "composer", "owner", "lawyer", "officer", "leader", "secretary",
     "nurse")
)  # fmt: skip
"""Words in lower case that a person's initial may follow; behind others a capital letter is a label."""
_PERSON_ENDING = re.compile(r"[a-zà-ÿ]{2,}(?:ist|ian|woman|sman)")
_LABELLED = frozenset(
    ("appendix", "annex", "area", "block", "building", "bus", "class", "column", "dock", "door",
     "entrance", "exhibit", "exit", "figure", "form", "gate", "grade", "group", "hall", "house", "lane",
     "level", "line", "lot", "model", "module", "option", "part", "phase", "plan", "platform", "point",
     "port", "pump", "room", "sample", "schedule", "section", "sector", "series", "site", "stage", "step",
     "table", "tank", "team", "terminal", "tower", "type", "unit", "variant", "version", "vitamin",
     "wing", "yard", "zone", "abschnitt", "anhang", "anlage", "bereich", "block", "eingang", "feld",
     "form", "gebäude", "gleis", "gruppe", "hafen", "halle", "haus", "hof", "klasse", "linie", "modell",
     "parkplatz", "phase", "punkt", "raum", "reihe", "seite", "spalte", "stufe", "tabelle", "teil", "tor",
     "turm", "typ", "variante", "werk", "zeile", "zimmer")
)  # fmt: skip
"""Nouns that a letter often names one of, as they are written with a capital: "Hall B", "Halle B"."""
_OPENERS = frozenset(
    ("a", "all", "an", "as", "at", "before", "both", "but", "by", "do", "each", "every", "for", "from",
     "he", "here", "how", "however", "if", "in", "it", "its", "my", "no", "on", "one", "only", "our",
     "please", "see", "she", "some", "that", "the", "their", "then", "there", "these", "they", "this",
     "those", "to", "use", "we", "what", "when", "where", "which", "while", "who", "why", "with", "you",
     "your", "alle", "auch", "auf", "aus", "bei", "bis", "das", "dem", "den", "der", "des", "die", "dies",
     "diese", "dort", "ein", "eine", "er", "es", "für", "hier", "ihr", "ihre", "im", "jede", "jeder",
     "man", "mit", "nach", "nur", "sie", "sind", "um", "und", "vom", "von", "vor", "wenn", "wer", "wir",
     "zu", "zum", "zur")
)  # fmt: skip
"""Words that open a sentence and are nobody's surname."""
_MONTH = re.compile(
    r"(?:jan|feb|mär|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zä]{0,6}\b", re.IGNORECASE
)
_ORDINAL_BEFORE = frozenset(
    ("am", "ab", "beim", "bis", "das", "dem", "den", "der", "des", "die", "im", "ins", "jeden", "jeder",
     "jedes", "seit", "vom", "zum", "zur")
)  # fmt: skip
"""German words that a number with a full stop follows as an ordinal: "im 19. Jahrhundert"."""

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
_FIRST_WORD = re.compile(r"[^\W\d_]+")


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
    spaced = _spaced_at(text, begin, match.start(), end)
    if spaced is not None:
        return match.start() == spaced.end() - 1 and bool(_SPACED_END.fullmatch(spaced[0]))
    window = max(begin, match.start() - _WINDOW)  # the last words decide, however long the sentence is
    return not _is_abbreviation(text[window : match.start()], following)


def _spaced_at(text: str, begin: int, stop: int, end: int) -> re.Match[str] | None:
    """The abbreviation of several words that the full stop at `stop` belongs to."""
    first = max(begin, stop - _SPACED_REACH)
    found = _SPACED.finditer(text, first, min(end, stop + _SPACED_REACH))
    return next((match for match in found if match.start() <= stop < match.end()), None)


def _is_abbreviation(before: str, following: str) -> bool:
    """Whether the full stop behind `before` belongs to an abbreviation, an initial or an item's number."""
    words = before.split()
    if not words:
        return True
    bare = words[-1].lstrip("\"'“‘«([")
    word, previous = bare.lower(), words[-2] if len(words) > 1 else ""
    if len(words) == 1 and re.fullmatch(r"\(?(?:\d{1,3}|[a-z])", word):
        return True  # "1." or "a." in front of a list item
    if word in _BEFORE_NUMBER and (following[:1].isdigit() or word in {"ca", "fig", "figs"}):
        return not previous[-1:].isdigit()
    if len(word) == 1 and word.isalpha():
        return bare.isupper() and _is_initial(words, following)
    if word.isdigit():
        return _is_ordinal(words, following)
    if word in _BEFORE_NUMBER or (word in _UNITS_TOO and previous[-1:].isdigit()):
        return False
    return word in _ABBREVIATIONS and word not in _ENDS_TOO


def _is_initial(words: Sequence[str], following: str) -> bool:
    """Whether the capital that the words end with is of a name ("J. Smith"), and no unit or label ("5 A")."""
    opener = _FIRST_WORD.match(following)
    if opener and opener[0].lower() in _OPENERS:
        return False
    if len(words) == 1:
        return True
    before = words[-2]
    if before[-1].isdigit() or not before[-1].isalpha():
        return not before[-1].isdigit() and before[-1] not in ",;:%"
    if before.islower():
        listed = len(words) > 2 and len(words[-3]) == 1 and words[-3].isupper()  # "A and B"
        return (before in _INITIAL_BEFORE or bool(_PERSON_ENDING.fullmatch(before))) and not listed
    return before.lower() not in _LABELLED


def _is_ordinal(words: Sequence[str], following: str) -> bool:
    """Whether the number that the words end with is a German ordinal: "3. März", "im 19. Jahrhundert"."""
    if len(words[-1]) > 2 or not following[:1].isalpha():
        return False
    if _MONTH.match(following):
        return True
    me = len(words) > 2 and words[-3] == "I" and words[-2] == "am"
    return len(words) > 1 and words[-2].lower() in _ORDINAL_BEFORE and not me


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
