"""A chunk as Qdrant keeps it: metadata that every filter can be put to, and words as weighted numbers."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

from rag.index.filters import RESERVED, field, instant
from rag.types import Document, Scalar

K1 = 1.2
B = 0.75
ASSUMED_LENGTH = 120
"""Words of an average chunk, a constant as BM25 needs it before the chunks are known; 200 tokens are about so
many."""
PIECE = 6
"""Bytes that go into one number: six digits of base 257 stay below 2**53, where doubles are exact."""

Encoded = dict[str, str | float | bool | list[str] | dict[str, int]]


def metadata_payload(document: Document) -> dict[str, Encoded]:
    """Every filterable key of the document, escaped, with its value by kind.

    `text` holds a text or the items of a list, `number` a number, `bool` true or false, `order` the text
    again in numbers, as Qdrant compares numbers only, and `instant` the moment of a text that is a date.
    """
    payload: dict[str, Encoded] = {}
    for key in (*document.metadata, *RESERVED):
        value = field(document, key)
        if value is not None:
            payload[escaped(key)] = _encoded(value)
    return payload


def escaped(key: str) -> str:
    """The key in letters and digits alone, as Qdrant's paths have their own idea of the rest."""
    plain = (chr(byte) if chr(byte).isalnum() and byte < 128 else f"_{byte:02x}" for byte in key.encode())
    return "k" + "".join(plain)


def pieces(text: str) -> list[int]:
    """Numbers that compare, one after another, as the texts do by code point.

    Six bytes of UTF-8 make a number in base 257; 0 stands after the end, so a text sorts before its
    extensions, and there is always a piece that says so.
    """
    digits = [byte + 1 for byte in text.encode()] + [0]
    digits += [0] * (-len(digits) % PIECE)
    return [_number(digits[start : start + PIECE]) for start in range(0, len(digits), PIECE)]


def bm25_weights(stems: Sequence[str]) -> dict[int, float]:
    """The term-frequency half of BM25 by term number (Robertson and Zaragoza 2009, eq. 3.15)."""
    length = len(stems)
    damping = K1 * (1 - B + B * length / ASSUMED_LENGTH)
    weights: Counter[int] = Counter()
    for stem, count in Counter(stems).items():
        weights[term_number(stem)] += count * (K1 + 1) / (count + damping)  # type: ignore[assignment]
    return dict(weights)


def term_number(stem: str) -> int:
    """A term's dimension in the sparse vector; two terms in four billion share one."""
    return zlib.crc32(stem.encode())


def query_weights(counts: Mapping[str, int]) -> dict[int, float]:
    """A query's sparse vector: how often each stem occurs."""
    weights: dict[int, float] = {}
    for stem, count in counts.items():
        number = term_number(stem)
        weights[number] = weights.get(number, 0.0) + count
    return weights


def _encoded(value: Scalar | Sequence[str]) -> Encoded:
    if isinstance(value, bool):
        return {"bool": value}
    if isinstance(value, str):
        encoded: Encoded = {
            "text": value,
            "order": {str(place): piece for place, piece in enumerate(pieces(value))},
        }
        moment = instant(value)
        return encoded if moment is None else {**encoded, "instant": moment}
    if isinstance(value, int | float):
        return {"number": value}
    return {"text": list(value)}


def _number(digits: Sequence[int]) -> int:
    number = 0
    for digit in digits:
        number = number * 257 + digit
    return number
