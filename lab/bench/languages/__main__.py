"""Which languages the models can search and read: `python -m lab.bench.languages`.

Each language has twenty passages of its own making, a document each, and a question to each of them
(`questions.jsonl`, the same facts in every language). Found: the passage is among the first three. Answered:
what would be quoted if every language were read; right where the answer stands in it. Flagged: told to be in
a language that is not read.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from eval.corpus import CorpusDocument, put_whole
from eval.report.wording import table
from rag.answer.draft import Draft
from rag.answer.read import Extractor, read
from rag.service import Service, open_service
from rag.settings import Settings
from rag.text.language import foreign_language
from rag.types import Mode, Query

MODES: tuple[Mode, ...] = get_args(Mode)
FOUND = 3


@dataclass(frozen=True)
class Row:
    """A passage, a question to it, and the words of the passage that answer it."""

    language: str
    passage: str
    question: str
    answer: str


def rows() -> list[Row]:
    """The rows of the file beside this one."""
    text = Path(__file__).with_name("questions.jsonl").read_text(encoding="utf-8")
    return [Row(**json.loads(line)) for line in text.splitlines()]


def measured(service: Service, language: str, asked: Sequence[Row]) -> list[str]:
    """A language's line of the table."""
    total = len(asked)
    found = [sum(_is_found(service, row, mode) for row in asked) / total for mode in MODES]
    quoted = [(row, _quoted(service, row)) for row in asked]
    right = sum(row.answer in text for row, text in quoted)
    said = sum(bool(text) for _, text in quoted)
    flagged = sum(foreign_language(row.question) is not None for row in asked)
    shares = (*found, right / total, (said - right) / total, 1 - said / total, flagged / total)
    return [language, *(f"{share:.0%}" for share in shares)]


def _is_found(service: Service, row: Row, mode: Mode) -> bool:
    hits, _ = service.searcher.search(Query(row.question, row.language, FOUND, mode=mode))
    return any(row.passage in hit.chunk.text for hit in hits)


def _quoted(service: Service, row: Row) -> str:
    hits, _ = service.searcher.search(Query(row.question, row.language, 8))
    extractor = Extractor(service.models.reader, service.models.encoder)
    draft = read(row.question, hits, Draft(), extractor, service.answerer.thresholds)
    return " ".join(claim.text for claim in draft.fallback)


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    languages = {row.language: [one for one in rows() if one.language == row.language] for row in rows()}
    lines = []
    with (
        tempfile.TemporaryDirectory() as folder,
        open_service(Settings(data=Path(folder), correct_typos=False)) as service,
    ):
        for language, asked in languages.items():
            documents = [CorpusDocument(str(n), "", row.passage) for n, row in enumerate(asked)]
            put_whole(service.store, service.models.encoder, language, documents)
            lines.append(measured(service, language, asked))
            print(*lines[-1], flush=True)
    heads = ("language", *MODES, "right", "wrong", "silent", "flagged")
    print(table(heads, lines))


if __name__ == "__main__":
    main()
