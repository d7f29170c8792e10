"""Lines of a text that was wrapped, put together again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

# Scripts that set no space between words: nothing stands between two of their letters over a line end.
_UNSPACED = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\uff01-\uff9f]"
)
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60]")
_LINE_END_WITHIN = re.compile(rf"(?<={_UNSPACED})\s*\n\s*(?={_UNSPACED})")
# A word divided at its hyphen, but not one whose second half is understood: "in- and output".
_HYPHEN = re.compile(r"(?<=[^\W\d_]-)\n(?=[^\W\d_A-Z])(?!(?:and|or|to|und|oder|bis|et|ou|y|e|en|och|og)\b)")
_RAGGED = 0.85  # of the width: a line that ends earlier was not wrapped
_NARROWEST = 40
_FLOWING = 1 / 3  # of the line ends; in prose they stand in the middle of sentences
_COLUMNS = re.compile(r"\t|(?<![.!?:;] )(?<=\S) {3,}(?=\S)")
_CODE_END = ("{", "}", ";", "\\", "=", "(", "[", "|")
_FIELD = re.compile(r"[\w.$-]+\s*(?:=|:=|:\s)")


def joined(lines: Sequence[str]) -> str:
    """Lines as one: a space between them, none between letters of scripts that are written without."""
    text = _HYPHEN.sub("", "\n".join(lines))
    return _LINE_END_WITHIN.sub("", text).replace("\n", " ")


def has_columns(lines: Sequence[str]) -> bool:
    """Whether a line is set in columns, by tabs or by runs of spaces."""
    return any(_COLUMNS.search(line) for line in lines)


def is_wrapped(lines: Sequence[str]) -> bool:
    """Whether these lines are one paragraph that was wrapped at a width, and not lines of their own.

    Each line but the last is full: the next one's first word would not have fitted. And a good part of the
    line ends stands within sentences, where a list of records, a log or code has none.
    """
    if len(lines) < 2 or has_columns(lines) or any(line.endswith(_CODE_END) for line in lines):
        return False
    width = max(map(_width, lines))
    pairs = list(pairwise(lines))
    full = all(_width(above) + 1 + _width(_first_word(below)) > _RAGGED * width for above, below in pairs)
    if width < _NARROWEST or not full or _are_records(lines):
        return False
    return sum(_goes_on(below) for _, below in pairs) >= _FLOWING * len(pairs)


def _width(text: str) -> int:
    """Columns: letters of East Asia take two."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def _first_word(line: str) -> str:
    word = line.split(None, 1)[0] if line.split() else ""
    return word[:1] if re.match(_UNSPACED, word) else word


def _are_records(lines: Sequence[str]) -> bool:
    """Whether most lines begin alike, digits aside, or each with the name of a field."""
    starts = [re.sub(r"\d+", "0", _first_word(line)) for line in lines]
    alike = max(map(starts.count, set(starts)))
    fields = sum(bool(_FIELD.match(line)) for line in lines)
    return alike > max(1, len(lines) / 2) or fields > len(lines) / 2


def _goes_on(line: str) -> bool:
    """Whether a line begins like the middle of a sentence: in lower case, or in a script without cases."""
    letters = line.lstrip("\"'“‘«(¿¡*_")
    first = letters[:1]
    return first.isalpha() and not first.isupper()
