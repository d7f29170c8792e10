"""Bytes to text: the byte order mark, what the file declares, UTF-8, then the likeliest old encoding."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ingest.parse.failures import unread_metadata
from ingest.parse.old_encodings import guess
from rag.types import Metadata

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 65536
_SHIFTS, _SHIFTING = b"\x1b$", "iso2022_jp_ext"  # Japanese mail: seven bits, alphabets changed by escapes
_ZEROS = 0.3  # UTF-16 of Latin text is about half zero bytes, on one side
# What files that declare these hold in truth; see "names and labels" of https://encoding.spec.whatwg.org/.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "iso2022_jp": "iso2022_jp_ext",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}


DOUBTFUL = "encoding_doubtful"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with line ends as \\n; what cannot be decoded is U+FFFD. `sure`: no other encoding reads the bytes
    as well in another way.
    """

    text: str
    encoding: str
    sure: bool = True

    @property
    def doubts(self) -> list[str]:
        """The doubtful encoding as `part: code`; nothing when there is no doubt."""
        return [] if self.sure else [f"text, read as {self.encoding}: {DOUBTFUL}"]

    def doubt(self) -> Metadata:
        """The metadata that names a doubtful encoding; nothing when there is no doubt."""
        return unread_metadata(self.doubts)


def decoded(content: bytes, declared: str | None = None) -> Decoded:
    """The text of the bytes; `declared` is the encoding that the file names, obeyed when it holds."""
    name, sure = _encoding(content, declared)
    text = content.decode(name, "replace")
    return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), name, sure)


def decode(content: bytes, declared: str | None = None) -> str:
    """As `decoded`, the text alone."""
    return decoded(content, declared).text


def encoding(content: bytes) -> str:
    """The name of the encoding that reads this content; cp1252 when nothing fits better."""
    return _encoding(content, None)[0]


def _encoding(content: bytes, declared: str | None) -> tuple[str, bool]:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if marked:
        return marked, True
    if b"\0" in content[:_SAMPLE] and (wide := _utf16(content[:_SAMPLE])):
        return wide, True
    if declared and (obeyed := _obeyed(content, declared)):
        return obeyed, True
    if _SHIFTS in content[:_SAMPLE] and _reads(content, _SHIFTING):
        return _SHIFTING, True
    if _reads(content, "utf-8"):
        return "utf-8", True
    found = guess(_telling(content))
    return found.encoding, found.sure


def _obeyed(content: bytes, declared: str) -> str | None:
    """The codec of a declared name, if it reads the content; plain ASCII says nothing about other bytes."""
    try:
        name = codecs.lookup(declared.strip()).name
    except (LookupError, ValueError):
        return None
    if name == "ascii" or name.startswith(("utf-16", "utf-32")):
        return None  # the first two bytes would have shown the latter
    return next((each for each in (_WIDER.get(name, name), name) if _reads(content, each)), None)


def _reads(content: bytes, name: str) -> bool:
    try:
        content.decode(name)
    except (UnicodeError, LookupError):
        return False
    return True


def _telling(content: bytes) -> bytes:
    """A stretch of the content around its first byte outside ASCII."""
    first = next((at for at, byte in enumerate(content) if byte >= 128), 0)
    start = max(0, content.rfind(b"\n", 0, first))
    return content[start : start + _SAMPLE]


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark shows in where its zero bytes are."""
    if sample[1::2].count(0) > _ZEROS * len(sample):
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) > _ZEROS * len(sample) else None
