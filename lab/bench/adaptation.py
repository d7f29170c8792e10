"""What adaptation gains: `python -m lab.bench.adaptation --beir FOLDER --split train --seeds 0 1 2`.

The collection is adapted on synthetic questions alone, once for each seed; the judged queries of the folder
are never learned from and only score what was proposed, the refused pieces too: they show whether the gate
was right. `--store DATA --collection NAME` adapts an ingested collection instead, judged by its held-out
synthetic questions. Nothing is adopted. One JSON line for each seed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from adapt.run import adapt, described
from adapt.types import Budget, Options
from eval.corpus import BeirFolder, load_beir, put_whole
from eval.retrieval import score_ranking
from lab.recipes.beir import answerable
from lab.recipes.results import mean_text
from rag.search.fuse import reciprocal_rank
from rag.search.tuning import DEFAULTS, Tuning
from rag.service import Service, open_service
from rag.settings import Settings
from rag.types import Query

NAME = "beir"
MEASURE = "nDCG@10"
Doubles = npt.NDArray[np.float64]


def first_queries(data: BeirFolder, count: int) -> dict[str, str]:
    """The folder's first queries that have an answer."""
    return dict(islice(answerable(data).items(), count))


def searched(service: Service, queries: Mapping[str, str], tuning: Tuning) -> dict[str, list[str]]:
    """The sources of each query's first hits, by the service with a tuning."""
    rankings = {}
    collection = service.searcher.open(NAME, trial=tuning)
    for query, text in queries.items():
        found = service.searcher.retrieve(Query(text, NAME, 10), collection)
        rankings[query] = [hit.document.source for hit in service.searcher.hits(found, 10)]
    return rankings


def plainly_fused(service: Service, queries: Mapping[str, str]) -> dict[str, list[str]]:
    """The same by reciprocal-rank fusion."""
    rankings = {}
    collection = service.searcher.open(NAME)
    for query, text in queries.items():
        vector = collection.encoder.encode_queries([text])[0].dense
        lists = [collection.dense(vector, 100), collection.lexical(text, 100)]
        keys = [scored.key for scored in reciprocal_rank(lists)[:10]]
        found = service.store.chunks.hydrate(keys)
        rankings[query] = [found[key][1].source for key in keys if key in found]
    return rankings


def scores(data: BeirFolder, rankings: Mapping[str, Sequence[str]]) -> Doubles:
    """nDCG@10 of each query."""
    values = score_ranking({query: data.qrels[query] for query in rankings}, rankings, (MEASURE,))[MEASURE]
    return np.array([values[query] for query in rankings])


def transfer(service: Service, data: BeirFolder, count: int, tried: Sequence[Tuning]) -> dict[str, str]:
    """Mean and gain over the defaults of each tried tuning on the folder's first `count` queries."""
    queries = first_queries(data, count)
    base = scores(data, searched(service, queries, DEFAULTS))
    plain = scores(data, plainly_fused(service, queries))
    rows = {
        "defaults": f"{base.mean():.4f}",
        "plain fusion": f"{plain.mean():.4f}, defaults less it {mean_text((base - plain).tolist())}",
    }
    for tuning in tried:
        own = scores(data, searched(service, queries, tuning))
        rows[described(tuning)] = f"{own.mean():.4f}, gain {mean_text((own - base).tolist())}"
    return rows


def measure(service: Service, collection: str, data: BeirFolder | None, args: argparse.Namespace) -> None:
    """A line for each seed."""
    for seed in args.seeds:
        options = Options(seed, budget=Budget(*args.budget) if args.budget else Budget())
        found = adapt(service, collection, [], options, lambda *_: None)
        line: dict[str, object] = {"seed": seed, "report": asdict(found.report)}
        if data is not None:
            line["judged_queries"] = transfer(service, data, args.queries, found.proposed)
        print(json.dumps(line), flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beir", type=Path)
    parser.add_argument("--split", default="train")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--collection")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--budget", nargs=6, type=int, help="train inner held labelled candidates read")
    args = parser.parse_args()
    if args.beir:
        data = load_beir(args.beir, args.split)
        with tempfile.TemporaryDirectory() as scratch, open_service(Settings(data=Path(scratch))) as service:
            put_whole(service.store, service.models.encoder, NAME, data.documents)
            measure(service, NAME, data, args)
        return
    with open_service(Settings(data=args.store)) as service:
        measure(service, args.collection, None, args)


if __name__ == "__main__":
    main()
