"""What adaptation gains: `python -m lab.bench.adaptation --beir FOLDER --split train --seeds 0 1 2`.

The collection is adapted on synthetic questions alone, once for each seed; the judged queries of the folder
are never learned from and only score what was proposed, the refused pieces too: they show whether the gate
was right. `--store DATA --collection NAME` adapts an ingested collection instead, judged by its held-out
synthetic questions. Nothing is adopted. One JSON line for each seed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from adapt.run import adapt, described
from adapt.types import Budget, Options
from lab.recipes.beir import Collection, load_beir, ndcg
from lab.recipes.gate import encode
from lab.recipes.logistic import bootstrap
from rag.models.encoder import OnnxEncoder
from rag.search.fuse import reciprocal_rank
from rag.search.tuning import DEFAULTS, Tuning
from rag.service import Service, open_service
from rag.settings import Settings
from rag.store import NewChunk, NewDocument
from rag.types import Document, Query

NAME = "beir"
Doubles = npt.NDArray[np.float64]


def fill(service: Service, data: Collection, cache: Path | None) -> None:
    """One chunk a document, its place in the corpus as its source."""
    service.store.collections.create(NAME)
    info, encoder = service.models.encoder.info, service.models.encoder
    assert isinstance(encoder, OnnxEncoder)
    for place, (text, passage) in enumerate(
        zip(data.texts, encode(encoder, data.name, data.texts, cache), strict=True)
    ):
        digest = hashlib.sha256(text.encode()).hexdigest()
        chunk = NewChunk(0, 0, len(text), None, (), passage.dense, passage.tokens)
        document = Document("", NAME, str(place), "", "text/plain", digest)
        service.store.documents.put(NewDocument(document, text, digest, [chunk], info.name, info.revision))


def judged(service: Service, data: Collection, queries: int, profile: Tuning) -> Doubles:
    """nDCG@10 of the folder's first queries by the service with a profile."""
    values = []
    opened = service.searcher.open(NAME, trial=profile)
    for text, grades in list(zip(data.queries, data.judged, strict=True))[:queries]:
        found = service.searcher.retrieve(Query(text, NAME, 10), opened)
        hits = service.searcher.hits(found, 10)
        values.append(ndcg([int(hit.document.source) for hit in hits], grades))
    return np.array(values)


def judged_plain(service: Service, data: Collection, queries: int) -> Doubles:
    """The same by reciprocal-rank fusion."""
    values = []
    opened = service.searcher.open(NAME)
    for text, grades in list(zip(data.queries, data.judged, strict=True))[:queries]:
        vector = opened.encoder.encode_queries([text])[0].dense
        lists = [opened.dense(vector, 100), opened.lexical(text, 100)]
        keys = [scored.key for scored in reciprocal_rank(lists)[:10]]
        found = service.store.chunks.hydrate(keys)
        values.append(ndcg([int(found[key][1].source) for key in keys if key in found], grades))
    return np.array(values)


def transfer(service: Service, data: Collection, queries: int, tried: Sequence[Tuning]) -> dict[str, str]:
    """Mean and gain over the defaults of each tried profile on the folder's own queries."""
    base, plain = judged(service, data, queries, DEFAULTS), judged_plain(service, data, queries)
    found = {
        "defaults": f"{base.mean():.4f}",
        "plain fusion": f"{plain.mean():.4f}, defaults less it {bootstrap((base - plain).tolist())}",
    }
    for profile in tried:
        scores = judged(service, data, queries, profile)
        found[described(profile)] = f"{scores.mean():.4f}, gain {bootstrap((scores - base).tolist())}"
    return found


def measure(service: Service, collection: str, data: Collection | None, args: argparse.Namespace) -> None:
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
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--collection")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--budget", nargs=6, type=int, help="train inner held labelled candidates read")
    args = parser.parse_args()
    if args.beir:
        data = load_beir(args.beir, args.split)
        with tempfile.TemporaryDirectory() as scratch, open_service(Settings(data=Path(scratch))) as service:
            fill(service, data, args.cache)
            measure(service, NAME, data, args)
        return
    with open_service(Settings(data=args.store)) as service:
        measure(service, args.collection, None, args)


if __name__ == "__main__":
    main()
