"""Search on BEIR folders: `python -m lab.bench.retrieval FOLDER… --variants bm25 convex --out scores.json`.

Each folder is put into a store of its own and searched by the real service; ir_measures scores the rankings.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from eval.corpus import BeirFolder, Split, load_beir, put_whole
from eval.environment import machine, require
from eval.report.wording import table
from eval.retrieval import DEFAULT_MEASURES, first_of_each, score_ranking
from eval.statistics import Interval, mean_interval, paired_difference
from lab.bench.service import put_product
from rag.errors import InvalidInput, RagError
from rag.files import write_whole
from rag.index.types import Scored
from rag.search.config import DENSE_WEIGHT, READER_WEIGHT
from rag.search.fuse import convex, reciprocal_rank
from rag.search.rerank import rerank_by_reader
from rag.search.retrieve import Candidates, ranked
from rag.service import Service, open_service
from rag.settings import LEXICAL_WEIGHT, Settings
from rag.types import Hit, In, Mode, Query

Variant = Literal["bm25", "dense", "rrf", "convex", "late", "reader"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
READER_DEPTH = 20  # chunks that the reader rescores (`reader_candidates`): each costs a transformer pass

Ranker = Callable[[Service, Query], list[str]]
"""From service and query to each chunk's source, best first."""
Run = Mapping[str, Mapping[str, float]]
"""The score of each document that the first stage found for a query, best first."""

COLLECTION = "beir"
DEPTH: Mapping[Split, int] = {"whole": 100, "product": 300}
"""Chunks asked for, so that about a hundred documents are ranked: R@100 needs them."""
BASELINE: Variant = "rrf"
RUN_DEPTH = 100


# ways to rank


def rank(variant: Variant, service: Service, query: Query) -> list[str]:
    """Sources in order of their best chunk among the first `query.k` chunks."""
    return first_of_each(_ranker(variant)(service, query))


def parse_variant(name: str) -> Variant:
    """The variant of this name. Raises InvalidInput `unknown_variant`."""
    for known in VARIANTS:
        if name == known:
            return known
    raise InvalidInput(
        f"There is no variant {name!r}; known are {', '.join(VARIANTS)}.", code="unknown_variant"
    )


def _ranker(variant: Variant) -> Ranker:
    rankers: dict[Variant, Ranker] = {
        "bm25": _searched("lexical"),
        "dense": _searched("dense"),
        "rrf": _plain_fusion,
        "convex": _searched("hybrid"),
        "late": _searched("hybrid", rerank=True),
        "reader": _reader,
    }
    return rankers[variant]


def _searched(mode: Mode, *, rerank: bool = False) -> Ranker:
    def ranker(service: Service, query: Query) -> list[str]:
        hits, _ = service.searcher.search(replace(query, mode=mode), rerank=rerank)
        return _sources(hits)

    return ranker


def _plain_fusion(service: Service, query: Query) -> list[str]:
    """Reciprocal-rank fusion (Cormack 2009, k = 60) of the replicas' own dense and BM25 lists."""
    opened = service.searcher.open(query.collection)
    vector = opened.encoder.encode_queries([query.text])[0].dense
    dense = opened.dense(vector, query.k, query.filters)
    lexical = opened.lexical(query.text, query.k, query.filters)
    fused = reciprocal_rank([dense, lexical])[: query.k]
    found = service.store.chunks.hydrate([scored.key for scored in fused])
    return [found[scored.key][1].source for scored in fused if scored.key in found]


def _reader(service: Service, query: Query) -> list[str]:
    hits, _ = service.searcher.search(query, rerank=True)
    return _sources(_read(service, query, hits))


def _read(service: Service, query: Query, hits: Sequence[Hit]) -> list[Hit]:
    """The reranked list rescored by the reader, as the service does by default."""
    return rerank_by_reader(query.text, hits, service.models.reader, READER_DEPTH, READER_WEIGHT)


def rank_run(variant: Variant, service: Service, query: Query, first_stage: Mapping[str, float]) -> list[str]:
    """The documents of a first stage made elsewhere, reranked: its scores are the lexical ones."""
    opened = service.searcher.open(query.collection)
    k, encoded = max(query.k, len(first_stage)), opened.encode(query.text)
    only = replace(query, k=k, filters=In("source", tuple(first_stage)))
    dense = opened.dense(encoded.dense, k, only.filters)
    found = service.store.chunks.hydrate([scored.key for scored in dense])
    source = {key: document.source for key, (_, document) in found.items()}
    given = [Scored(scored.key, first_stage[source[scored.key]]) for scored in dense]
    lexical = sorted(given, key=lambda scored: -scored.score)
    rankings = {"bm25": lexical, "dense": dense, "rrf": reciprocal_rank([dense, lexical])}
    if variant in rankings:
        return first_of_each([source[scored.key] for scored in rankings[variant]])
    both = convex(dense, lexical, dense_weight=DENSE_WEIGHT, lexical_weight=LEXICAL_WEIGHT)
    fused = ranked(both, k)
    candidates = Candidates(only, opened, encoded, fused)
    hits = service.searcher.hits(candidates, k, rerank=variant != "convex")
    return first_of_each(_sources(_read(service, query, hits) if variant == "reader" else hits))


def _sources(hits: Sequence[Hit]) -> list[str]:
    return [hit.document.source for hit in hits]


# rankings made elsewhere


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


# scores


@dataclass(frozen=True, slots=True)
class VariantScores:
    """One variant on one folder. `against_baseline`: nDCG@10 less that of plain fusion, query by query."""

    measures: Mapping[str, Interval]
    against_baseline: Interval | None
    ms_per_query: float


@dataclass(frozen=True, slots=True)
class FolderScores:
    """All variants on one folder."""

    name: str
    split: str
    documents: int
    queries: int
    chunks: int
    encoder: str
    variants: Mapping[Variant, VariantScores]


def score_folder(
    folder: BeirFolder,
    settings: Settings,
    variants: Sequence[Variant],
    ingest: Split = "whole",
    run: Run | None = None,
) -> FolderScores:
    """Ingest a folder into the (empty) store of `settings` and score every variant on all of its judged
    queries; with a `run`, each query ranks only the documents that the run found for it, whose
    scores take the place of the lexical search's.

    Raises ModelError `extra_missing` without the extra `eval`, before anything is ingested.
    """
    require("ir_measures")
    if ingest == "product":
        put_product(settings.data, COLLECTION, folder.documents)
    with closing(open_service(settings)) as service:
        if ingest == "whole":
            put_whole(service.store, service.models.encoder, COLLECTION, folder.documents, _say_progress)
        service.indexes.catch_up(COLLECTION)
        chunks, encoder = service.store.collections.get(COLLECTION).chunks, service.models.encoder.info
        scored = _score_variants(service, folder, variants, DEPTH[ingest], run)
    return FolderScores(
        folder.name,
        folder.split,
        len(folder.documents),
        len(folder.queries),
        chunks,
        f"{encoder.name}@{encoder.revision}",
        scored,
    )


def _score_variants(
    service: Service, folder: BeirFolder, variants: Sequence[Variant], depth: int, run: Run | None
) -> dict[Variant, VariantScores]:
    values: dict[Variant, dict[str, dict[str, float]]] = {}
    seconds: dict[Variant, float] = {}
    for variant in variants:
        started = time.perf_counter()
        ranking = {
            query: _ranked(variant, service, Query(text, COLLECTION, depth), run[query] if run else None)
            for query, text in folder.queries.items()
        }
        seconds[variant] = time.perf_counter() - started
        values[variant] = score_ranking(folder.qrels, ranking)
        _say(f"{folder.name} {variant} {_mean(values[variant][DEFAULT_MEASURES[0]]):.3f}")
    return {
        variant: VariantScores(
            {measure: mean_interval(list(found.values())) for measure, found in values[variant].items()},
            _against(values, variant),
            1000 * seconds[variant] / len(folder.queries),
        )
        for variant in variants
    }


def _ranked(
    variant: Variant, service: Service, query: Query, first_stage: Mapping[str, float] | None
) -> list[str]:
    return rank_run(variant, service, query, first_stage) if first_stage else rank(variant, service, query)


def _against(
    values: Mapping[Variant, Mapping[str, Mapping[str, float]]], variant: Variant
) -> Interval | None:
    if variant == BASELINE or BASELINE not in values:
        return None
    ours, theirs = (values[name][DEFAULT_MEASURES[0]] for name in (variant, BASELINE))
    return paired_difference([ours[query] for query in theirs], list(theirs.values()))


def markdown(scores: Sequence[FolderScores], variants: Sequence[Variant]) -> str:
    """nDCG@10 per folder and variant, the mean over folders, and the difference to plain fusion with its
    interval.
    """
    means = [[_ndcg(one, variant) for variant in variants] for one in scores]
    rows = [[one.name, *(f"{value:.3f}" for value in line)] for one, line in zip(scores, means, strict=True)]
    average = ["mean", *(f"{sum(column) / len(column):.3f}" for column in zip(*means, strict=True))]
    lines = [table(["nDCG@10", *variants], [*rows, average])]
    if BASELINE in variants and len(variants) > 1:
        others = [variant for variant in variants if variant != BASELINE]
        rows = [
            [one.name, *(_difference(one.variants[variant].against_baseline) for variant in others)]
            for one in scores
        ]
        lines.append(table([f"less {BASELINE}", *others], rows))
    return "\n\n".join(lines)


def _ndcg(scores: FolderScores, variant: Variant) -> float:
    return scores.variants[variant].measures[DEFAULT_MEASURES[0]].mean


def _difference(found: Interval | None) -> str:
    return f"{found.mean:+.3f} ({found.low:+.3f} – {found.high:+.3f})" if found else "–"


def _mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _say_progress(done: int, total: int) -> None:
    if done % 1024 == 0 or done == total:
        _say(f"  {done} of {total} documents")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.bench.retrieval", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--variants", nargs="+", default=list(VARIANTS), metavar="NAME", help=", ".join(VARIANTS)
    )
    parser.add_argument("--split", help="qrels/SPLIT.tsv; without it the first of test, dev, val, train")
    parser.add_argument(
        "--ingest",
        choices=get_args(Split),
        default="whole",
        help="whole: a chunk per document, cut to the encoder's window; product: as a user's upload is split",
    )
    parser.add_argument(
        "--run", type=Path, help="a TREC run: each query ranks only the first hundred documents found there"
    )
    parser.add_argument("--out", type=Path, help="where to write the scores as JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after an error that it names."""
    arguments = _arguments(argv)
    try:
        variants = [parse_variant(name) for name in dict.fromkeys(arguments.variants)]
        run = load_run(arguments.run, RUN_DEPTH) if arguments.run else None
        scores = [
            _score(path, arguments.split, variants, arguments.ingest, run) for path in arguments.folders
        ]
    except RagError as error:
        _say(f"error: {error.message} ({error.code})")
        return 1
    print(markdown(scores, variants))
    if arguments.out:
        found = {"ingest": arguments.ingest, "machine": machine(), "folders": [asdict(one) for one in scores]}
        write_whole(arguments.out, json.dumps(found, indent=2, allow_nan=False) + "\n")
    return 0


def _score(
    path: Path, split: str | None, variants: Sequence[Variant], ingest: Split, run: Run | None
) -> FolderScores:
    folder = load_beir(path, split)
    if run is not None and (lost := missing(run, folder.queries)):
        raise InvalidInput(f"The run has nothing for query {lost[0]!r} of {folder.name}.", code="run_invalid")
    with tempfile.TemporaryDirectory(prefix="footnote-beir-") as data:
        return score_folder(folder, Settings(data=Path(data), reader_candidates=0), variants, ingest, run)


if __name__ == "__main__":
    sys.exit(main())
