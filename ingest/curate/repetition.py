"""What a collection says more than once: near duplicates, and lines that many documents have.

Near duplicates are found by MinHash over character shingles, then by the two texts themselves. Lines that
stand in many documents are boilerplate.

Min-wise hashing is Broder's (1997, "On the resemblance and containment of documents"); the hash family is
multiply-shift (Dietzfelbinger et al. 1997), the banding that of Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", chapter 3.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.store import signature
from rag.types import Finding

Shingles = NDArray[np.uint64]
"""Sorted distinct hashes (n,) of a text's shingles."""

LENGTH = 8  # characters of a shingle
LEAST = 60  # shingles of a text that is long enough to be compared
BANDS = 12
ROWS = 5  # with these two, texts that share 80% of their shingles meet in 99 of 100 cases
THRESHOLD = 0.8  # share of the shingles of both that both have

_NOT_WORD = re.compile(r"[\W_]+")
_DECISIVE = re.compile(
    r"\d+(?:[.,:]\d+)*|\b(?:not|no|never|without|cannot|except|nicht|kein\w*|ohne|nie|ne|pas|jamais|sans|sin|nunca)\b",
    re.IGNORECASE,
)

_BASE = np.uint64(0x9E3779B97F4A7C15)
DOCUMENTS = 5  # other documents that have a line before it is boilerplate
SHARE = 0.8  # of a chunk's characters in such lines
_LEAST = 4  # letters of a line that is looked at
_PAGE = re.compile(
    r"\b(page|seite|página|pagina|pág|p)\.?\s*\d+(\s*(of|/|von|de|di|sur)\s*\d+)?\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What near duplicates are found by: a passage's shingles and the signatures of its bands."""

    shingles: Shingles
    bands: tuple[int, ...]


def sketch(text: str) -> Sketch | None:
    """The sketch of a passage; None when it is too short to be compared."""
    shingles = _shingles(text)
    return None if len(shingles) < LEAST else Sketch(shingles, _bands(shingles))


def resemblance(one: Shingles, other: Shingles) -> float:
    """The Jaccard coefficient of two texts' shingles, 0 to 1."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / max(1, len(one) + len(other) - both)


def says_the_same(text: str, original: str) -> bool:
    """Whether every number and negation of the text stands in the original too.

    "rated for 12 bar" beside "rated for 16 bar" is another fact, however alike the two are.
    """
    return _decisive(text) <= _decisive(original)


def _decisive(text: str) -> set[str]:
    return {found.casefold() for found in _DECISIVE.findall(text)}


def _shingles(text: str) -> Shingles:
    plain = _NOT_WORD.sub(" ", text.casefold()).strip()
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    count = len(points) - LENGTH + 1
    if count < 1:
        return np.empty(0, dtype=np.uint64)
    hashed = np.zeros(count, dtype=np.uint64)
    for place in range(LENGTH):  # a polynomial modulo 2**64, which wraps by itself
        hashed = hashed * _BASE + points[place : place + count]
    return np.unique(hashed)


def _bands(shingles: Shingles) -> tuple[int, ...]:
    mixed = shingles[None, :] * _MULTIPLIERS[:, None] + _ADDENDS[:, None]
    least = (mixed >> np.uint64(32)).min(axis=1).astype(np.uint32).reshape(BANDS, ROWS)
    return tuple(signature(f"band {number}", band.tobytes().hex()) for number, band in enumerate(least))


def _constants(name: str) -> Shingles:
    """Odd numbers that no release of any library changes: the signatures are kept for years."""
    digests = (hashlib.blake2b(f"{name} {n}".encode(), digest_size=8).digest() for n in range(BANDS * ROWS))
    return np.array([int.from_bytes(digest, "big") | 1 for digest in digests], dtype=np.uint64)


_MULTIPLIERS = _constants("multiplier")
_ADDENDS = _constants("addend")


def line_signatures(text: str) -> dict[int, int]:
    """The signatures of a passage's lines, each with its length in characters; bare numbers are no lines."""
    found: dict[int, int] = {}
    for line in text.splitlines():
        plain = " ".join(_PAGE.sub("page", line).casefold().split())
        if sum(character.isalpha() for character in plain) >= _LEAST:
            key = signature("line", plain)
            found[key] = found.get(key, 0) + len(plain)
    return found


def find_boilerplate(found: Mapping[int, int], documents: Mapping[int, int]) -> Finding | None:
    """What there is to say of a passage with these lines; `documents` counts the others that have a line."""
    total = sum(found.values())
    repeated = {key: size for key, size in found.items() if documents.get(key, 0) >= DOCUMENTS}
    share = sum(repeated.values()) / total if total else 0.0
    if share < SHARE:
        return None
    least = min(documents[key] for key in repeated)
    return Finding("boilerplate", f"{share:.0%} of it stands in {least} other documents or more")
