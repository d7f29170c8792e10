"""Compares ways to split: `python -m lab.bench.chunking FOLDER --work KEPT --out scores.json --svg plot.svg`.

FOLDER holds questions.jsonl (question, corpus, references with start_index and end_index) and the corpora as
CORPUS.md. Every way at every size becomes a collection of one store, encoded once and kept in --work, and is
searched by the real service; the first five passages are judged token by token. Half of the questions, by
their hash, is for choosing; the other half is what to report.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from eval.environment import machine
from ingest.parse.limits import Context
from ingest.parse.markdown import parse as parse_markdown
from ingest.parse.plain import parse as parse_text
from lab.bench.chunking.report import Sample, Stage, Way, as_object, compared, draw, markdown
from lab.bench.chunking.scores import Question, Retrieved, Scores, load, score
from lab.bench.chunking.splitters import Passage, Tokens, fixed, ours, recursive
from lab.bench.retrieval import READER_DEPTH
from rag.errors import Conflict, RagError
from rag.files import write_whole
from rag.search.config import READER_WEIGHT
from rag.search.rerank import rerank_by_reader
from rag.service import Service, open_service
from rag.settings import Settings
from rag.store import NewChunk, NewDocument
from rag.types import Document, Hit, Query

Half = Literal["choose", "report", "all"]
WAYS: tuple[Way, ...] = get_args(Way)
OURS: tuple[Way, ...] = ("footnote", "footnote-bare", "footnote-markdown")
SIZES = (50, 75, 100, 150, 200, 240)
K = 5
_BATCH = 256


class Bench:
    """Corpora, questions and an service whose store keeps a collection for every way and size."""

    def __init__(self, folder: Path, service: Service, half: Half) -> None:
        self.service = service
        self.texts, questions = load(folder)
        self.questions = [one for one in questions if half == "all" or one.held_out == (half == "report")]
        spans = service.models.encoder.token_spans
        self.tokens = {name: Tokens(text, spans) for name, text in self.texts.items()}

    def sample(self, way: Way, size: int, stages: Sequence[Stage]) -> list[Sample]:
        """Split, encode and index unless that is done, then search at every stage."""
        collection = f"{way}-{size}"
        passages = {name: self.split(name, way, size) for name in self.texts}
        self._put(collection, passages)
        lengths = [self.tokens[name].count(one.start, one.end) for name in passages for one in passages[name]]
        self.service.indexes.catch_up(collection)
        return [
            Sample(way, size, stage, len(lengths), float(np.mean(lengths)), self._scores(collection, stage))
            for stage in stages
        ]

    def split(self, name: str, way: Way, size: int) -> list[Passage]:
        """A corpus in passages of at most `size` tokens."""
        text, tokens = self.texts[name], self.tokens[name]
        if way in OURS:
            parse = parse_markdown if way == "footnote-markdown" else parse_text
            found = ours(
                parse(text.encode(), f"{name}.md", Context()),
                text,
                self.service.models.encoder.token_spans,
                size,
            )
            return [Passage(one.start, one.end) for one in found] if way == "footnote-bare" else found
        overlap = size // 5 if way.endswith("overlap") else 0
        return (fixed if way.startswith("fixed") else recursive)(tokens, size, overlap)

    def _put(self, collection: str, passages: Mapping[str, Sequence[Passage]]) -> None:
        store = self.service.store
        try:
            store.collections.create(collection)
        except Conflict:
            if store.collections.get(collection).documents == len(passages):
                return
        for name, found in passages.items():
            store.documents.put(self._document(collection, name, found))

    def _document(self, collection: str, name: str, passages: Sequence[Passage]) -> NewDocument:
        text, info = self.texts[name], self.service.models.encoder.info
        inputs = [f"{one.context}\n{text[one.start : one.end]}".lstrip("\n") for one in passages]
        batches = [inputs[at : at + _BATCH] for at in range(0, len(inputs), _BATCH)]
        encoded = [
            vector for batch in batches for vector in self.service.models.encoder.encode_passages(batch)
        ]
        chunks = [
            NewChunk(n, one.start, one.end, None, (), vectors.dense, vectors.tokens, context=one.context)
            for n, (one, vectors) in enumerate(zip(passages, encoded, strict=True))
        ]
        described = Document("", collection, name, "", "text/plain", "")
        return NewDocument(described, text, name, chunks, info.name, info.revision)

    def _scores(self, collection: str, stage: Stage) -> tuple[Scores, ...]:
        return tuple(
            score(one, self._retrieved(one, collection, stage), self.tokens) for one in self.questions
        )

    def _retrieved(self, question: Question, collection: str, stage: Stage) -> list[Retrieved]:
        query = Query(question.text, collection, READER_DEPTH, mode="dense" if stage == "dense" else "hybrid")
        hits, _ = self.service.searcher.search(query, rerank=stage in ("late", "reader"))
        if stage == "reader":
            hits = rerank_by_reader(
                question.text, hits, self.service.models.reader, READER_DEPTH, READER_WEIGHT
            )
        return [_place(hit) for hit in hits[:K]]


def _place(hit: Hit) -> Retrieved:
    return Retrieved(hit.document.source, hit.chunk.start, hit.chunk.end)


def _run(arguments: argparse.Namespace, work: Path) -> list[Sample]:
    settings = Settings(data=work, reader_candidates=0)
    samples: list[Sample] = []
    with closing(open_service(settings)) as service:
        bench = Bench(arguments.folder, service, arguments.half)
        for way in arguments.ways:
            for size in arguments.sizes:
                samples += bench.sample(way, size, arguments.stages)
                print(f"{way} {size}: recall {samples[-1].mean('recall'):.3f}", file=sys.stderr, flush=True)
    return samples


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.bench.chunking", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--ways", nargs="+", default=list(WAYS), choices=WAYS, metavar="WAY", help=", ".join(WAYS)
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), metavar="TOKENS")
    parser.add_argument("--stages", nargs="+", default=["fused", "late"], choices=get_args(Stage))
    parser.add_argument(
        "--half", default="report", choices=get_args(Half), help="which half of the questions"
    )
    parser.add_argument(
        "--work", type=Path, help="keeps what is encoded; give it anew when a splitter changes"
    )
    parser.add_argument("--out", type=Path, help="where to write the scores as JSON")
    parser.add_argument("--svg", type=Path, help="where to draw recall against tokens at the first stage")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after an error that it names."""
    arguments = _arguments(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="footnote-chunking-") as scratch:
            samples = _run(arguments, arguments.work or Path(scratch))
    except RagError as error:
        print(f"error: {error.message} ({error.code})", file=sys.stderr)
        return 1
    differences = compared(samples)
    print(markdown(samples, differences))
    if arguments.out:
        found = {
            "half": arguments.half,
            "machine": machine(),
            "samples": [as_object(one) for one in samples],
            "differences": [asdict(one) for one in differences],
        }
        write_whole(arguments.out, json.dumps(found, indent=2, allow_nan=False) + "\n")
    if arguments.svg:
        write_whole(arguments.svg, draw(samples, arguments.stages[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
