"""Footnote's small judges and encoder as parts of RAGAS, and RAGAS' LLM metrics over any server; the only
place that knows RAGAS.

    from eval.metrics.ragas import AnswerRelevancy, BertScore, CitationPrecision, CitationRecall
    from eval.metrics.ragas import ContextRelevance, EncoderEmbeddings, Faithfulness

RAGAS sends usage events unless it is told not to: the first use of a name here tells it, importing this
package does not.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from eval.environment import ragas_telemetry_off

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
    ragas_telemetry_off()
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'metrics')}"), name)
