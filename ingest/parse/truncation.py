"""Whether a file's end is missing: most formats say at the end that this is the end."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from ingest.media_types import BZIP2, GZIP, PDF, XZ

_TAIL = 4096
_STEP = 2**14
_ZIP_END, _ZIP_TAIL = b"PK\x05\x06", 22 + 65535
_ENDS = {
    PDF: (b"%%EOF", b"startxref"),
    "image/png": (b"IEND",),
    "image/jpeg": (b"\xff\xd9",),
}


class _Unpacking(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_UNPACKING: dict[str, Callable[[], _Unpacking]] = {
    GZIP: lambda: zlib.decompressobj(wbits=31),
    BZIP2: bz2.BZ2Decompressor,
    XZ: lzma.LZMADecompressor,
}


def is_truncated(content: bytes, media_type: str) -> bool:
    """True when the content lacks its format's end mark; False where a format has none."""
    if content.startswith(b"PK"):
        return _ZIP_END not in content[-_ZIP_TAIL:]
    if media_type in _ENDS:
        return not any(end in content[-_TAIL:] for end in _ENDS[media_type])
    return media_type in (GZIP, BZIP2, XZ) and not _ends(content, media_type)


def _ends(content: bytes, media_type: str) -> bool:
    """Whether the first stream of a packed file is complete; unpacks nothing that is kept."""
    packed = _UNPACKING[media_type]()
    try:
        for at in range(0, len(content), _STEP):
            packed.decompress(content[at : at + _STEP])
            if packed.eof:
                return True
    except (OSError, zlib.error, lzma.LZMAError):
        return True  # damaged, which is another thing
    return False
