"""What the tests of ingest make and look at."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.media import media_type
from ingest.parse.pool import ParserPool
from ingest.types import ParsedDocument
from rag.settings import Settings

HANDBOOK = Path(__file__).parents[2] / "samples" / "handbook"


def settings_in(data: Path) -> Settings:
    """Settings of a test; FOOTNOTE_TEST_WEIGHTS names weights other than the shipped ones."""
    weights = os.environ.get("FOOTNOTE_TEST_WEIGHTS")
    return Settings(data=data, threads=2, weights=Path(weights) if weights else None)


class Parse:
    """Parses bytes, or a file of the sample handbook, in the warm parser process."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool

    def __call__(self, source: str, content: bytes) -> ParsedDocument:
        return self._pool.parse(source, media_type(source, content), content)

    def sample(self, name: str) -> ParsedDocument:
        return self(name, (HANDBOOK / name).read_bytes())


def shown(document: ParsedDocument) -> list[tuple[str, int | None, str]]:
    """Kind, level and text of every block."""
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]
