"""CSV and TSV by unstructured."""

from __future__ import annotations

import io

from ingest.parse.context import Context
from ingest.parse.decode import decode
from ingest.parse.elements import document, pieces
from ingest.parse.offline import prepare
from ingest.types import ParsedDocument


def parse_csv(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One table; the delimiter is found from the first lines."""
    prepare()
    from unstructured.partition.csv import partition_csv

    return document(pieces(partition_csv(file=_utf8(content), encoding="utf-8", languages=[""])))


def parse_tsv(content: bytes, source: str, context: Context) -> ParsedDocument:
    """One table."""
    prepare()
    from unstructured.partition.tsv import partition_tsv

    return document(pieces(partition_tsv(file=_utf8(content), encoding="utf-8", languages=[""])))


def _utf8(content: bytes) -> io.BytesIO:
    return io.BytesIO(decode(content).encode("utf-8", "replace"))
