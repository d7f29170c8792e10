"""Puts a BEIR corpus into a store, in one of two ways."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.errors import InvalidInput
from rag.models.types import EncodedPassage, Encoder
from rag.store import Store
from rag.store.records import NewChunk, NewDocument
from rag.types import Document

Split = Literal["whole", "product"]
BATCH = 64

Progress = Callable[[int, int], None]
"""Called with documents done and their total."""


def put_whole(
    store: Store,
    encoder: Encoder,
    collection: str,
    documents: Sequence[CorpusDocument],
    progress: Progress | None = None,
) -> None:
    """One chunk per document, title and text: BM25 sees all of it, the encoder cuts it to its window.

    This is how BEIR scores bi-encoders, and what the published baselines did. Blank documents are left out.
    """
    store.collections.create(collection)
    info = encoder.info
    store.collections.bind(collection, info.name, info.revision, info.dimension or 0)
    filled = [document for document in documents if document.full.strip()]
    for start in range(0, len(filled), BATCH):
        batch = filled[start : start + BATCH]
        for document, encoded in zip(
            batch, encoder.encode_passages([one.full for one in batch]), strict=True
        ):
            store.documents.put(_whole(collection, document, encoded, info.name, info.revision))
        if progress:
            progress(start + len(batch), len(filled))


def _whole(
    collection: str, document: CorpusDocument, encoded: EncodedPassage, model: str, revision: str
) -> NewDocument:
    text = document.full
    digest = hashlib.sha256(text.encode()).hexdigest()
    chunk = NewChunk(0, 0, len(text), None, (), encoded.dense, encoded.tokens)
    # No title beside the text, which begins with it: nothing shall see it twice.
    record = Document("", collection, document.id, "", "text/plain", digest)
    return NewDocument(record, text, digest, [chunk], model, revision)


SPLITS = ("test", "dev", "val", "train")


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """One document; `title` may be empty."""

    id: str
    title: str
    text: str

    @property
    def full(self) -> str:
        """Title and text as one."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class BeirFolder:
    """`qrels` maps a query to its judged documents' grades; `queries` holds the judged queries only."""

    name: str
    split: str
    documents: tuple[CorpusDocument, ...]
    queries: Mapping[str, str]
    qrels: Mapping[str, Mapping[str, int]]


def load_beir(folder: Path, split: str | None = None) -> BeirFolder:
    """Read a folder; without `split` the first that has qrels of test, dev, val, train.

    Raises InvalidInput `beir_invalid`, naming the file and the line.
    """
    split = split or _first_split(folder)
    qrels = _read_qrels(folder / "qrels" / f"{split}.tsv")
    texts = {
        _field(row, "_id", at): _field(row, "text", at) for row, at in _rows(_queries_file(folder, split))
    }
    lost = [query for query in qrels if query not in texts]
    if lost:
        raise _invalid(f"{folder}: query {lost[0]!r} is judged but has no text.")
    documents = tuple(
        CorpusDocument(_field(row, "_id", at), str(row.get("title") or ""), _field(row, "text", at))
        for row, at in _rows(_file(folder, "corpus"))
    )
    return BeirFolder(folder.name, split, documents, {query: texts[query] for query in qrels}, qrels)


def _first_split(folder: Path) -> str:
    for split in SPLITS:
        if (folder / "qrels" / f"{split}.tsv").is_file():
            return split
    raise _invalid(f"{folder} has none of {', '.join(f'qrels/{split}.tsv' for split in SPLITS)}.")


def _queries_file(folder: Path, split: str) -> Path:
    with_split = (folder / f"queries.{split}{ending}" for ending in (".jsonl", ".jsonl.gz"))
    return next((path for path in with_split if path.is_file()), None) or _file(folder, "queries")


def _file(folder: Path, stem: str) -> Path:
    for path in (folder / f"{stem}.jsonl", folder / f"{stem}.jsonl.gz"):
        if path.is_file():
            return path
    raise _invalid(f"{folder} has no {stem}.jsonl or {stem}.jsonl.gz.")


def _rows(path: Path) -> Iterator[tuple[Mapping[str, object], str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise _invalid(f"{where}: not JSON ({error.msg}).") from error
            if not isinstance(row, Mapping):
                raise _invalid(f"{where}: not an object.")
            yield row, where


def _field(row: Mapping[str, object], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise _invalid(f"{where}: {key} is missing or not a string.")
    return value


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    if not path.is_file():
        raise _invalid(f"There is no {path}.")
    qrels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("\t")
        if number == 1 and cells[-1] == "score":
            continue
        if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
            raise _invalid(
                f"{path}, line {number}: wants query-id, corpus-id and a whole number, tab-separated."
            )
        qrels.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    if not qrels:
        raise _invalid(f"{path} judges nothing.")
    return qrels


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, code="beir_invalid")
