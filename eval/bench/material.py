"""What the benchmark ingests and asks."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.beir_folder import CorpusDocument, load_beir
from rag.answer.sentences import split
from rag.errors import InvalidInput

SAMPLES = Path(__file__).parents[2] / "samples" / "handbook"
COPIES = 10
QUERIES = 200
QUERY_WORDS = 10


@dataclass(frozen=True, slots=True)
class Material:
    """A folder for sync, or documents for upload; without `queries` they are taken from the text."""

    name: str
    folder: Path | None
    documents: tuple[CorpusDocument, ...]
    queries: tuple[str, ...]


def of_folder(folder: Path) -> Material:
    """A folder of files. Raises InvalidInput `path_not_found`."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.", code="path_not_found")
    return Material(folder.name, folder.resolve(), (), ())


def some_files(folder: Path, most: int, target: Path) -> Material:
    """Copies of `most` files of a folder, drawn with a fixed seed, below `target`. Raises InvalidInput
    `path_not_found`.
    """
    whole = of_folder(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in random.Random(0).sample(files, min(most, len(files))):
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return Material(f"{min(most, len(files))} files of {whole.name}", target.resolve(), (), ())


def of_beir(folder: Path) -> Material:
    """A BEIR corpus with its queries. Raises InvalidInput `beir_invalid`."""
    found = load_beir(folder)
    return Material(found.name, None, found.documents, tuple(found.queries.values()))


def repeated_samples(target: Path, copies: int = COPIES) -> Material:
    """Copies of samples/handbook below `target`: the same files under other names are other documents."""
    for copy in range(copies):
        shutil.copytree(SAMPLES, target / f"copy-{copy:02}")
    return Material(f"{copies} copies of samples/handbook", target.resolve(), (), ())


def queries_from(texts: Sequence[str], *, seed: int = 0) -> tuple[str, ...]:
    """The first ten words of the longest sentence of texts drawn at random; the same seed, the same
    queries.
    """
    draw = random.Random(seed)
    return tuple(_query(draw.choice(texts)) for _ in range(QUERIES))


def longest_sentence(text: str) -> str:
    """The longest sentence of a text; all of it where none is found."""
    return max((text[span.start : span.end] for span in split(text)), key=len, default=text)


def _query(text: str) -> str:
    return " ".join(longest_sentence(text).split()[:QUERY_WORDS])
