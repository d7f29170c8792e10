"""The gate: what was learned must win on questions it never saw, over the present and over plain fusion.

Measured by the service itself, so that what is admitted is what was measured. A gain counts when the lower
bound of its paired bootstrap interval (Efron 1979; 95%, two-sided) lies above zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from adapt.candidates import gain
from adapt.report import Gain, Verdict
from adapt.types import JudgedQuestion
from eval.statistics import paired_difference
from rag.search.collection import OpenCollection
from rag.search.fuse import reciprocal_rank
from rag.search.tuning import Tuning
from rag.service import Service
from rag.types import Query

LEAST_HELD = 20
"""Fewer held-out questions than this cannot tell anything."""
_DEPTH = 10

Scores = npt.NDArray[np.float64]


def searched(
    service: Service, collection: str, questions: Sequence[JudgedQuestion], tuning: Tuning
) -> Scores:
    """nDCG@10 of the first right passage of each question, by the service with this tuning; without the
    reader unless the tuning asks for it, as it is judged by itself.
    """
    tuning = replace(tuning, reader=bool(tuning.reader))
    opened = service.searcher.open(collection, trial=tuning)
    return np.array([_by_service(service, opened, one) for one in questions])


def _by_service(service: Service, collection: OpenCollection, question: JudgedQuestion) -> float:
    found = service.searcher.retrieve(Query(question.text, collection.name, _DEPTH), collection)
    hits = service.searcher.hits(found, _DEPTH)
    return _gain([hit.chunk.id in question.chunks for hit in hits])


def plainly_fused(service: Service, collection: str, questions: Sequence[JudgedQuestion]) -> Scores:
    """The same by reciprocal-rank fusion (k = 60) of both searches' first hundred, without reranking."""
    opened = service.searcher.open(collection)
    return np.array([_by_ranks(opened, one) for one in questions])


def _by_ranks(collection: OpenCollection, question: JudgedQuestion) -> float:
    count = collection.config.rerank_candidates
    query = collection.encoder.encode_queries([question.text])[0].dense
    dense = collection.dense(query, count)
    lexical = collection.lexical(question.text, count)
    return _gain([scored.key in question.keys for scored in reciprocal_rank([dense, lexical])[:_DEPTH]])


def _gain(right: Sequence[bool]) -> float:
    return gain(1 + right.index(True)) if True in right else 0.0


def judge(piece: str, learned: str, scores: Scores, present: Scores, plain: Scores) -> Verdict:
    """Whether a piece is admitted: three scores of the same questions, with it, without, by plain fusion."""
    over_present, over_plain = _over(scores, present), _over(scores, plain)
    lacking = [
        f"{against} {over}"
        for against, over in (("the present ranking", over_present), ("plain fusion", over_plain))
        if over.low <= 0
    ]
    few = len(scores) < LEAST_HELD
    reason = f"only {len(scores)} held-out questions" if few else ""
    reason = reason or (f"no sure gain over {' nor '.join(lacking)}" if lacking else "wins")
    return Verdict(
        piece,
        reason == "wins",
        reason,
        learned,
        len(scores),
        _mean(scores),
        _mean(present),
        _mean(plain),
        over_present,
        over_plain,
    )


def _mean(scores: Scores) -> float:
    return round(float(scores.mean()), 4) if len(scores) else 0.0


def _over(ours: Scores, theirs: Scores) -> Gain:
    if not len(ours):
        return Gain(0.0, 0.0, 0.0)
    found = paired_difference(ours.tolist(), theirs.tolist(), seed=1)
    return Gain(round(found.mean, 4), round(found.low, 4), round(found.high, 4))
