"""Boilerplate: lines that stand in document after document, such as headers, footers and notices."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rag.store import mark
from rag.types import Finding

DOCUMENTS = 5  # other documents that have a line before it is boilerplate
SHARE = 0.8  # of a chunk's characters in such lines

_LEAST = 4  # letters of a line that is looked at
_PAGE = re.compile(
    r"\b(page|seite|página|pagina|pág|p)\.?\s*\d+(\s*(of|/|von|de|di|sur)\s*\d+)?\b", re.IGNORECASE
)


def lines(text: str) -> dict[int, int]:
    """The marks of a passage's lines, each with the characters that it takes; bare numbers are no lines."""
    found: dict[int, int] = {}
    for line in text.splitlines():
        plain = " ".join(_PAGE.sub("page", line).casefold().split())
        if sum(character.isalpha() for character in plain) >= _LEAST:
            key = mark("line", plain)
            found[key] = found.get(key, 0) + len(plain)
    return found


def find(found: Mapping[int, int], documents: Mapping[int, int]) -> Finding | None:
    """What there is to say of a passage with these lines; `documents` counts the others that have a line."""
    total = sum(found.values())
    repeated = {key: size for key, size in found.items() if documents.get(key, 0) >= DOCUMENTS}
    share = sum(repeated.values()) / total if total else 0.0
    if share < SHARE:
        return None
    least = min(documents[key] for key in repeated)
    return Finding("boilerplate", f"{share:.0%} of it stands in {least} other documents or more")
