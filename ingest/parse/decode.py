"""Bytes to text: the byte order mark, then UTF-8, then the likeliest of the old encodings."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 65536


def encoding(content: bytes) -> str:
    """The name of the encoding that reads this content; cp1252 when nothing fits better."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(content[:_SAMPLE]).best()
        return best.encoding if best else "cp1252"
    return "utf-8"


def decode(content: bytes) -> str:
    """The text, line ends as \\n; what cannot be decoded becomes U+FFFD."""
    text = content.decode(encoding(content), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
