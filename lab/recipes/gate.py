"""May the reader rank? nDCG@10 of the hybrid order, late interaction and the reader over BEIR folders.

`python -m lab.recipes.gate --data DIR --encoder FOLDER --reader FOLDER [--sets adi:test …] [--cache DIR]`

The hybrid order is dense plus half of BM25, both standardised; each later stage is added to it, standardised
over the same candidates.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapt.candidates import spread
from eval.corpus import BeirFolder, load_beir
from lab.recipes.beir import answerable, encode_corpus, ndcg, texts_of
from lab.recipes.mining import Bm25, Floats, best, hybrid, stemmed
from lab.recipes.results import mean_text
from rag.models.encoder import OnnxEncoder
from rag.models.late import maxsim
from rag.models.reader import OnnxReader

SETS = ("adi:test", "med:test", "time:test", "cisi:test", "cacm:test", "npl:test", "scifact:train")
BLENDS = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class ScoredCandidates:
    """One query's candidates, best hybrid score first, with every stage's raw score."""

    places: list[int]
    hybrid: Floats
    late: Floats
    reader: Floats


def gather(
    data: BeirFolder, encoder: OnnxEncoder, reader: OnnxReader | None, depth: int, cache: Path | None
) -> dict[str, ScoredCandidates]:
    """The hybrid top `depth` of each query with the scores of late interaction and of the reader."""
    passages, texts, queries = encode_corpus(encoder, data, cache), texts_of(data), answerable(data)
    encoded = encoder.encode_queries(list(queries.values()))
    dense = np.stack([q.dense for q in encoded]) @ np.stack([p.dense for p in passages]).T
    scores = hybrid(dense, Bm25(texts, analyse=stemmed).scores(list(queries.values())))
    made = {}
    for query, (name, question), order, line in zip(
        encoded, queries.items(), best(scores, depth).tolist(), scores, strict=True
    ):
        blobs = [passages[i].tokens or b"" for i in order]
        late = maxsim(query.tokens if query.tokens is not None else np.zeros((0, 1), np.float32), blobs)
        read = (
            reader.relevance(question, [texts[i] for i in order])
            if reader
            else np.zeros(len(order), np.float32)
        )
        made[name] = ScoredCandidates(order, line[order], late, read)
    return made


def orders(candidates: ScoredCandidates) -> dict[str, Floats]:
    """Each way to order the candidates: alone, and hybrid plus a weight of a later stage."""
    base = spread(candidates.hybrid)
    ways = {"hybrid": candidates.hybrid, "late": candidates.late, "reader": candidates.reader}
    for weight in BLENDS:
        ways[f"hybrid+{weight}late"] = base + np.float32(weight) * spread(candidates.late)
        ways[f"hybrid+{weight}reader"] = base + np.float32(weight) * spread(candidates.reader)
    ways["hybrid+0.5late+0.5reader"] = base + np.float32(0.5) * (
        spread(candidates.late) + spread(candidates.reader)
    )
    return ways


def measure(data: BeirFolder, found: Mapping[str, ScoredCandidates]) -> dict[str, list[float]]:
    """nDCG@10 of each query for each way to order."""
    rankings: dict[str, dict[str, list[int]]] = {}
    for query, candidates in found.items():
        for name, scores in orders(candidates).items():
            ranked = [candidates.places[i] for i in np.argsort(-scores, kind="stable")]
            rankings.setdefault(name, {})[query] = ranked
    return {name: ndcg(data, ranked) for name, ranked in rankings.items()}


def main() -> None:
    """Print one JSON line per set: the mean of each order, and the interval of its gain over the hybrid
    order.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    encoder = OnnxEncoder("encoder", args.encoder)
    reader = OnnxReader("reader", args.reader) if args.reader else None
    for name, split in (each.split(":") for each in args.sets):
        data = load_beir(args.data / "beir" / name, split)
        values = measure(data, gather(data, encoder, reader, args.depth, args.cache))
        base = np.array(values["hybrid"])
        gains = {k: mean_text((np.array(v) - base).tolist()) for k, v in values.items() if k != "hybrid"}
        means = {k: round(float(np.mean(v)), 4) for k, v in values.items()}
        print(json.dumps({"set": name, "queries": len(base), "ndcg10": means, "gain": gains}), flush=True)


if __name__ == "__main__":
    main()
