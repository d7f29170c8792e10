"""A first-stage ranking made elsewhere, in TREC's format, to rerank: query Q0 document rank score name."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from rag.errors import InvalidInput

Run = Mapping[str, Mapping[str, float]]
"""The score of each document that the first stage found for a query, best first."""


def load_run(path: Path, depth: int) -> Run:
    """The first `depth` documents of each query, by rank; plain or gzipped.

    Raises InvalidInput `run_invalid`, naming the file and the line.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no {path}.", code="run_invalid")
    ranked: dict[str, list[tuple[int, str, float]]] = {}
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            query, document, rank, score = _row(line, f"{path}, line {number}")
            ranked.setdefault(query, []).append((rank, document, score))
    return {
        query: {document: score for _, document, score in sorted(found)[:depth]}
        for query, found in ranked.items()
    }


def _row(line: str, where: str) -> tuple[str, str, int, float]:
    try:
        query, _, document, rank, score, _ = line.split()
        return query, document, int(rank), float(score)
    except ValueError as error:
        message = f"{where}: wants query, Q0, document, rank, score and a name."
        raise InvalidInput(message, code="run_invalid") from error


def missing(run: Run, queries: Mapping[str, str]) -> list[str]:
    """Queries that the run has no documents for."""
    return [query for query in queries if not run.get(query)]
