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
_ZEROS = 0.3  # UTF-16 of Latin text is about half zero bytes, on one side
_WESTERN = "cp1252"


def encoding(content: bytes) -> str:
    """The name of the encoding that reads this content; cp1252 when nothing fits better."""
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if marked:
        return marked
    if b"\0" in content[:_SAMPLE] and (wide := _utf16(content[:_SAMPLE])):
        return wide
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _old_encoding(content[:_SAMPLE])
    return "utf-8"


def decode(content: bytes) -> str:
    """The text, line ends as \\n; what cannot be decoded becomes U+FFFD."""
    text = content.decode(encoding(content), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark shows in where its zero bytes are."""
    if sample[1::2].count(0) > _ZEROS * len(sample):
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) > _ZEROS * len(sample) else None


def _old_encoding(sample: bytes) -> str:
    """The one with the least mess, then the one most like a language, western in doubt."""
    guesses = list(from_bytes(sample))
    if not guesses:
        return _WESTERN
    least = min(guess.chaos for guess in guesses)
    clean = (guess for guess in guesses if guess.chaos <= least)
    return max(clean, key=lambda guess: (guess.coherence, guess.encoding == _WESTERN)).encoding
