"""Where sentences end, by rules: good enough to split a long paragraph where sentences end with marks."""

from __future__ import annotations

import re

# An end mark, closing quotes or brackets, white space; then something that is not lower case. CJK marks
# need no space.
_END = re.compile(r"""(?<=[.!?…])["'»”’)\]]*\s+(?=[^\sa-z])|(?<=[。！？])|\n+""")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|vs|etc|e\.g|i\.e|cf|al|Inc|Ltd|Co|Nos?|Figs?|Eq|Sec|Ch|pp?|Vol|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))\.$"
)
_LONGEST_ABBREVIATION = 8


def sentence_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans (start, end) of the sentences in `text[start:end]`, each with the white space behind it."""
    spans, first = [], start
    for match in _END.finditer(text, start, end):
        if match.end() > first and not _abbreviated(text, first, match.start()):
            spans.append((first, match.end()))
            first = match.end()
    if first < end:
        spans.append((first, end))
    return spans


def _abbreviated(text: str, first: int, end: int) -> bool:
    return bool(_ABBREVIATION.search(text[max(first, end - _LONGEST_ABBREVIATION) : end]))
