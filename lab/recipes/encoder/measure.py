"""Late interaction's quality against its bytes.

`python -m lab.recipes.encoder.measure --data DIR --projection FILE`

For each way to shrink the token vectors: nDCG@10 over the hybrid top 100, of MaxSim alone and of hybrid
plus half of MaxSim (both standardised), as a mean over BEIR folders, and the bytes of a passage.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from adapt.candidates import spread
from adapt.network import (
    backbone_folder,
    embed_texts,
    load_backbone,
    load_tokenizer,
    principal,
    token_vectors,
)
from eval.corpus import BeirFolder, load_beir
from lab.recipes.beir import answerable, ndcg, texts_of
from lab.recipes.mining import Bm25, Floats, best, hybrid, stemmed
from rag.models.late import maxsim, pack, pool, unit

SETS = ("adi", "med", "time", "cisi", "cacm")


@dataclass(frozen=True)
class Way:
    """One way to shrink: its name, the projection [384,D] or None for all 384, and how many neighbours are
    pooled.
    """

    name: str
    matrix: Floats | None
    pooling: int


@dataclass(frozen=True)
class Ready:
    """A collection with each query's hybrid candidates, and the token vectors of queries and candidates."""

    data: BeirFolder
    order: dict[str, list[int]]
    hybrid: list[Floats]
    queries: list[Floats]
    passages: dict[int, Floats]


def prepare(folder: Path, backbone: Path) -> Ready:
    """Candidates by dense plus half of BM25, and token vectors in full width."""
    data = load_beir(folder, "test")
    texts, queries = texts_of(data), answerable(data)
    questions = list(queries.values())
    model, tokenizer = load_backbone(backbone).eval(), load_tokenizer(backbone)
    dense = embed_texts(model, tokenizer, questions, 256) @ embed_texts(model, tokenizer, texts, 256).T
    scores = hybrid(dense, Bm25(texts, analyse=stemmed).scores(questions))
    order = best(scores, 100).tolist()
    needed = sorted({place for line in order for place in line})
    found = token_vectors(model, tokenizer, [texts[i] for i in needed], 256)
    encoded = token_vectors(model, tokenizer, questions, 256)
    passages = {i: np.asarray(v[1:-1].float().numpy()) for i, v in zip(needed, found, strict=True)}
    lines = [scores[q][line] for q, line in enumerate(order)]
    vectors = [np.asarray(q.float().numpy()) for q in encoded]
    return Ready(data, dict(zip(queries, order, strict=True)), lines, vectors, passages)


def small(vectors: Floats, way: Way) -> Floats:
    """Token vectors as a way would have them."""
    return vectors if way.matrix is None else unit(vectors @ way.matrix)


def score(ready: Ready, way: Way) -> tuple[float, float, float]:
    """Mean nDCG@10 of MaxSim alone and of hybrid plus half of it, and the mean bytes of a passage."""
    blobs = {i: pack(pool(small(v, way), way.pooling)) for i, v in ready.passages.items()}
    alone: dict[str, list[int]] = {}
    mixed: dict[str, list[int]] = {}
    for vectors, (query, order), base in zip(ready.queries, ready.order.items(), ready.hybrid, strict=True):
        late = maxsim(small(vectors, way), [blobs[i] for i in order])
        both = spread(base) + np.float32(0.5) * spread(late)
        for values, into in ((late, alone), (both, mixed)):
            into[query] = [order[i] for i in np.argsort(-values, kind="stable")]
    late_mean, both_mean = (float(np.mean(ndcg(ready.data, rankings))) for rankings in (alone, mixed))
    return late_mean, both_mean, float(np.mean([len(b) for b in blobs.values()]))


def hybrid_score(ready: Ready) -> float:
    """Mean nDCG@10 of the candidates as they come."""
    return float(np.mean(ndcg(ready.data, ready.order)))


def ways(sample: Sequence[Floats], fitted: Floats) -> list[Way]:
    """What is compared: full width, PCA and the fitted projection, with 1 to 3 neighbours pooled."""
    directions = principal([torch.from_numpy(v) for v in sample], 384).numpy()
    width = fitted.shape[1]
    pca = [Way(f"PCA {d}, pooled by 2", directions[:, :d], 2) for d in (64, 96, 128, 192)]
    fits = [Way(f"fitted {width}, pooled by {p}", fitted, p) for p in (1, 2, 3)]
    return [Way("all 384", None, 1), Way("all 384, pooled by 2", None, 2), *pca, *fits]


def main() -> None:
    """Print one JSON line per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--projection", type=Path, required=True)
    parser.add_argument("--backbone")
    args = parser.parse_args()
    torch.set_num_threads(1)
    ready = [prepare(args.data / "beir" / name, backbone_folder(args.backbone)) for name in SETS]
    each = [hybrid_score(item) for item in ready]
    print(json.dumps({"way": "hybrid alone", "ndcg10": round(float(np.mean(each)), 4)}), flush=True)
    sample = [vectors for item in ready for vectors in list(item.passages.values())[:100]]
    for way in ways(sample, np.load(args.projection)):
        results = np.array([score(item, way) for item in ready])
        alone, mixed, size = results.mean(0).tolist()
        line = {
            "way": way.name,
            "maxsim": round(alone, 4),
            "hybrid+0.5": round(mixed, 4),
            "bytes": round(size),
        }
        print(json.dumps({**line, "each": results[:, 1].round(4).tolist()}), flush=True)


if __name__ == "__main__":
    main()
