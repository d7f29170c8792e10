"""BEIR folders for measuring encoders and rerankers: answerable queries, nDCG@10 of rankings."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.corpus import BeirFolder
from eval.retrieval import score_ranking
from rag.models.encoder import OnnxEncoder
from rag.models.types import EncodedPassage


def texts_of(data: BeirFolder) -> list[str]:
    """Title and text of each document, in the order of the corpus."""
    return [document.full for document in data.documents]


def answerable(data: BeirFolder) -> dict[str, str]:
    """The queries that have a relevant document."""
    return {
        query: text
        for query, text in data.queries.items()
        if any(grade > 0 for grade in data.qrels[query].values())
    }


def ndcg(data: BeirFolder, rankings: Mapping[str, Sequence[int]]) -> list[float]:
    """nDCG@10 of each query's ranking, a list of places in the corpus, in the order of `rankings`."""
    run = {query: [data.documents[place].id for place in ranking] for query, ranking in rankings.items()}
    values = score_ranking({query: data.qrels[query] for query in rankings}, run, ("nDCG@10",))["nDCG@10"]
    return [values[query] for query in rankings]


def encode_corpus(encoder: OnnxEncoder, data: BeirFolder, cache: Path | None) -> list[EncodedPassage]:
    """The corpus' vectors, kept in `cache` under the encoder's revision."""
    path = cache / f"{data.name}.{encoder.info.revision}.pickle" if cache else None
    if path and path.exists():
        kept: list[EncodedPassage] = pickle.loads(path.read_bytes())
        return kept
    texts = texts_of(data)
    passages = [
        passage
        for start in range(0, len(texts), 512)
        for passage in encoder.encode_passages(texts[start : start + 512])
    ]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(passages))
    return passages
