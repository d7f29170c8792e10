"""A first-stage ranking made elsewhere, in TREC's format, to rerank: query Q0 document rank score name."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from rag.errors import InvalidInput


def load_run(path: Path, depth: int) -> dict[str, tuple[str, ...]]:
    """The first `depth` documents of each query, by rank; plain or gzipped.

    Raises InvalidInput `run_invalid`, naming the file and the line.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no {path}.", code="run_invalid")
    ranked: dict[str, list[tuple[int, str]]] = {}
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            cells = line.split()
            if len(cells) != 6 or not cells[3].isdigit():
                raise InvalidInput(
                    f"{path}, line {number}: wants six fields, a rank the fourth.", code="run_invalid"
                )
            ranked.setdefault(cells[0], []).append((int(cells[3]), cells[2]))
    return {
        query: tuple(document for _, document in sorted(found)[:depth]) for query, found in ranked.items()
    }


def missing(run: Mapping[str, tuple[str, ...]], queries: Mapping[str, str]) -> list[str]:
    """Queries that the run has no documents for."""
    return [query for query in queries if not run.get(query)]
