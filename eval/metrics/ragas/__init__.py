"""Footnote's small judges and encoder as parts of RAGAS, and RAGAS' LLM metrics over any server; the only
place that knows RAGAS.

    from eval.metrics.ragas import AnswerRelevancy, BertScore, CitationPrecision, CitationRecall
    from eval.metrics.ragas import ContextRelevance, EncoderEmbeddings, Faithfulness

RAGAS sends usage events unless RAGAS_DO_NOT_TRACK is `true` by the time it first would, and remembers what
it read; hence the assignment here, ahead of any import of it below this package. `false` in the environment
is respected.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")

if TYPE_CHECKING:
    from eval.metrics.ragas.llm import EncoderEmbeddings
    from eval.metrics.ragas.metrics import (
        AnswerRelevancy,
        BertScore,
        CheckerFaithfulness,
        CitationPrecision,
        CitationRecall,
        ContextRelevance,
        ContextTokenPrecision,
        ContextTokenRecall,
        Faithfulness,
        ReferenceRecall,
    )

__all__ = [
    "AnswerRelevancy",
    "BertScore",
    "CheckerFaithfulness",
    "CitationPrecision",
    "CitationRecall",
    "ContextRelevance",
    "ContextTokenPrecision",
    "ContextTokenRecall",
    "EncoderEmbeddings",
    "Faithfulness",
    "ReferenceRecall",
]


_ELSEWHERE = {"EncoderEmbeddings": "llm"}


def __getattr__(name: str) -> object:
    """The classes are imported when asked for: RAGAS takes seconds."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'metrics')}"), name)
