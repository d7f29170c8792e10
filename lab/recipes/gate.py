"""May the reader rank? nDCG@10 of the hybrid order, late interaction and the reader over BEIR folders.

`python -m lab.recipes.gate --data DIR --encoder FOLDER --reader FOLDER [--sets adi:test …] [--cache DIR]`

The hybrid order is dense plus half of BM25, both standardised; each later stage is added to it, standardised
over the same candidates.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.recipes.beir import Collection, load_beir, ndcg
from lab.recipes.logistic import bootstrap
from lab.recipes.mining import Bm25, Floats, best, hybrid, stemmed
from rag.models.encoder import OnnxEncoder
from rag.models.late import maxsim
from rag.models.reader import OnnxReader
from rag.models.types import EncodedPassage

SETS = ("adi:test", "med:test", "time:test", "cisi:test", "cacm:test", "npl:test", "scifact:train")
BLENDS = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Candidates:
    """One query's candidates, best hybrid score first, with every stage's raw score."""

    places: list[int]
    hybrid: Floats
    late: Floats
    reader: Floats


def spread(scores: Floats) -> Floats:
    """Scores with mean 0 and deviation 1."""
    return np.asarray((scores - scores.mean()) / max(float(scores.std()), 1e-6), np.float32)


def encode(encoder: OnnxEncoder, name: str, texts: Sequence[str], cache: Path | None) -> list[EncodedPassage]:
    """The corpus' vectors, kept in `cache` under the encoder's revision."""
    path = cache / f"{name}.{encoder.info.revision}.pickle" if cache else None
    if path and path.exists():
        found: list[EncodedPassage] = pickle.loads(path.read_bytes())
        return found
    passages = [
        item
        for start in range(0, len(texts), 512)
        for item in encoder.encode_passages(texts[start : start + 512])
    ]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(passages))
    return passages


def gather(
    data: Collection, encoder: OnnxEncoder, reader: OnnxReader | None, depth: int, cache: Path | None
) -> list[Candidates]:
    """The hybrid top `depth` of each query with the scores of late interaction and of the reader."""
    passages = encode(encoder, data.name, data.texts, cache)
    asked = encoder.encode_queries(data.queries)
    dense = np.stack([q.dense for q in asked]) @ np.stack([p.dense for p in passages]).T
    scores = hybrid(dense, Bm25(data.texts, analyse=stemmed).scores(data.queries))
    made = []
    for query, question, order, line in zip(
        asked, data.queries, best(scores, depth).tolist(), scores, strict=True
    ):
        blobs = [passages[i].tokens or b"" for i in order]
        late = maxsim(query.tokens if query.tokens is not None else np.zeros((0, 1), np.float32), blobs)
        read = (
            reader.relevance(question, [data.texts[i] for i in order])
            if reader
            else np.zeros(len(order), np.float32)
        )
        made.append(Candidates(order, line[order], late, read))
    return made


def orders(item: Candidates) -> dict[str, Floats]:
    """Each way to order the candidates: alone, and hybrid plus a weight of a later stage."""
    base = spread(item.hybrid)
    ways = {"hybrid": item.hybrid, "late": item.late, "reader": item.reader}
    for weight in BLENDS:
        ways[f"hybrid+{weight}late"] = base + np.float32(weight) * spread(item.late)
        ways[f"hybrid+{weight}reader"] = base + np.float32(weight) * spread(item.reader)
    ways["hybrid+0.5late+0.5reader"] = base + np.float32(0.5) * (spread(item.late) + spread(item.reader))
    return ways


def measure(data: Collection, found: Sequence[Candidates]) -> dict[str, list[float]]:
    """nDCG@10 of each query for each way to order."""
    values: dict[str, list[float]] = {}
    for item, judged in zip(found, data.judged, strict=True):
        for name, scores in orders(item).items():
            ranked = [item.places[i] for i in np.argsort(-scores, kind="stable")]
            values.setdefault(name, []).append(ndcg(ranked, judged))
    return values


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
    for name, split in (item.split(":") for item in args.sets):
        data = load_beir(args.data / "beir" / name, split)
        values = measure(data, gather(data, encoder, reader, args.depth, args.cache))
        base = np.array(values["hybrid"])
        gains = {k: str(bootstrap((np.array(v) - base).tolist())) for k, v in values.items() if k != "hybrid"}
        means = {k: round(float(np.mean(v)), 4) for k, v in values.items()}
        print(json.dumps({"set": name, "queries": len(base), "ndcg10": means, "gain": gains}), flush=True)


if __name__ == "__main__":
    main()
