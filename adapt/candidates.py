"""Every candidate's score by each stage, read once, so that thousands of weights can be tried on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from adapt.types import Budget, Candidates, JudgedQuestion, OnStage
from rag.models.late import maxsim
from rag.models.types import EncodedQuery, Floats, Reader
from rag.search.collection import OpenCollection
from rag.search.config import DENSE_WEIGHT
from rag.service import Service
from rag.settings import LEXICAL_WEIGHT
from rag.store import Store

Ranks = npt.NDArray[np.int64]

DEPTH = 10
_BATCH = 64


def gather(
    service: Service, collection: str, questions: Sequence[JudgedQuestion], on_stage: OnStage | None = None
) -> list[Candidates]:
    """The union of what both searches list for each question, with exact scores where they can be had."""
    candidate_lists: list[Candidates] = []
    opened = service.searcher.open(collection)
    for start in range(0, len(questions), _BATCH):
        batch = questions[start : start + _BATCH]
        encoded = opened.encoder.encode_queries([one.text for one in batch])
        candidate_lists += [
            _of_question(service.store, opened, *pair) for pair in zip(batch, encoded, strict=True)
        ]
        if on_stage:
            on_stage("candidates", len(candidate_lists), len(questions))
    return candidate_lists


def _of_question(
    store: Store, collection: OpenCollection, question: JudgedQuestion, query: EncodedQuery
) -> Candidates:
    count = collection.config.rerank_candidates
    dense = {s.key: s.score for s in collection.dense(query.dense, count)}
    lexical = {s.key: s.score for s in collection.lexical(question.text, count)}
    missing = [key for key in lexical if key not in dense]
    dense |= collection.similarities(query.dense, missing)
    keys = sorted({*dense, *lexical})
    late = _late(store, collection.encoder.info.name, query, keys)
    return Candidates(
        question,
        query.dense,
        np.array(keys, np.int64),
        *(filled([scores.get(key) for key in keys]) for scores in (dense, lexical, late)),
    )


def _late(store: Store, encoder: str, query: EncodedQuery, keys: Sequence[int]) -> dict[int, float]:
    if query.tokens is None:
        return {}
    blobs = store.chunks.token_vectors(keys, encoder)
    return dict(zip(blobs, maxsim(query.tokens, list(blobs.values())).tolist(), strict=True))


def filled(scores: Sequence[float | None]) -> Floats:
    """Scores with the lowest known one where there is none; zeros when none is known."""
    lowest = min((score for score in scores if score is not None), default=0.0)
    return np.array([lowest if score is None else score for score in scores], np.float32)


def spread(scores: Floats) -> Floats:
    """Scores with mean 0 and deviation 1; zeros where they are all alike."""
    deviation = float(scores.std()) if len(scores) else 0.0
    centred = scores - (scores.mean() if len(scores) else 0)
    return np.asarray(centred / deviation if deviation > 1e-9 else centred * 0, np.float32)


def fused(candidates: Candidates, lexical_weight: float, dense: Floats | None = None) -> Floats:
    """The candidates' score after fusion, as the service counts it (rag/search/fuse.py)."""
    found = candidates.dense if dense is None else dense
    return np.asarray(spread(found) + np.float32(lexical_weight) * spread(candidates.lexical), np.float32)


def first_rank(candidates: Candidates, scores: Floats, late_weight: float, depth: int) -> int:
    """The rank of the first candidate that answers, after late interaction over the `depth` best; 0: none."""
    kept = np.argsort(-scores, kind="stable")[:depth]
    total = spread(scores[kept]) + np.float32(late_weight) * spread(candidates.late[kept])
    right = candidates.relevant[kept]
    if not right.any():
        return 0
    return 1 + int((total > total[right].max()).sum())


def gain(rank: int) -> float:
    """nDCG@10 of one right passage: 1 / log2(1 + rank), 0 below the tenth place and when not found."""
    return float(1 / np.log2(1 + rank)) if 0 < rank <= DEPTH else 0.0


_OWN = 0.5
"""Part of the label that the question's own passage keeps, whatever the reader says."""
_GOOD_RANK = 3

Labels = Mapping[int, float]
"""Chunk key to its share of the label; the shares sum to 1."""


def label(
    candidate_lists: Sequence[Candidates], store: Store, reader: Reader, budget: Budget, on_stage: OnStage
) -> list[Labels | None]:
    """The label of each question; None for one that the reader finds no good question.

    The first `budget.labelled` synthetic ones are read; a user's own, and what is over the budget, are
    labelled by what is known.
    """
    made: list[Labels | None] = []
    room = budget.labelled
    for candidates in candidate_lists:
        read = candidates.question.kind != "given" and room > 0
        made.append(_read(candidates, store, reader, budget.candidates) if read else known(candidates))
        room -= read
        on_stage("labels", len(made), len(candidate_lists))
    return made


def known(candidates: Candidates) -> Labels:
    """All of the label on the passages that are known to answer."""
    return dict.fromkeys(sorted(candidates.question.keys), 1 / len(candidates.question.keys))


def _read(candidates: Candidates, store: Store, reader: Reader, most: int) -> Labels | None:
    order = np.argsort(-fused(candidates, LEXICAL_WEIGHT / DENSE_WEIGHT), kind="stable")
    keys = list(dict.fromkeys([*sorted(candidates.question.keys), *candidates.keys[order[:most]].tolist()]))
    found = store.chunks.hydrate(keys)
    logits = reader.relevance(candidates.question.text, [found[key][0].text for key in found])
    own = [place for place, key in enumerate(found) if key in candidates.question.keys]
    if not own or (logits > logits[own].max()).sum() >= _GOOD_RANK:
        return None
    shares = (1 - _OWN) * _softmax(logits)
    shares[own] += _OWN / len(own)
    return dict(zip(found, shares.tolist(), strict=True))


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
