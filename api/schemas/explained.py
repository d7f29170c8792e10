"""One passage under the microscope: the hit with its explanation, and the reader's view."""

from __future__ import annotations

from api.schemas.base import Out, example
from api.schemas.explain import EXPLANATION, OcclusionOut
from api.schemas.search import HIT, HitOut
from rag.answer.explain import ExplainedChunk


class ExplainOut(Out):
    """`rank` is the passage's place among the hits; null where it is none of them, and then it has no score
    and no parts.
    """

    model_config = example(
        {
            "rank": 1,
            "hit": {**HIT, "explanation": EXPLANATION},
            "reader": {
                "relevance": 3.5,
                "answer": {"start": 44, "end": 50, "text": "16 bar", "probability": 0.93},
                "windows": [
                    {"start": 0, "end": 21, "relevance": 1.1, "answer": 0.2},
                    {"start": 22, "end": 40, "relevance": 2.4, "answer": 0.8},
                ],
            },
        }
    )
    rank: int | None
    hit: HitOut
    reader: OcclusionOut

    @classmethod
    def of(cls, found: ExplainedChunk) -> ExplainOut:
        """From the engine."""
        return cls(rank=found.rank, hit=HitOut.of(found.hit), reader=OcclusionOut.of(found.reader))
