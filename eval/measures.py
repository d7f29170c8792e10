"""The metrics of an evaluation by name: RAGAS metrics that need no LLM, and faithfulness by the checker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eval.extra import require, unusable
from rag.errors import InvalidInput
from rag.models.types import Encoder

if TYPE_CHECKING:
    from ragas.metrics.base import SingleTurnMetric

    from eval.ragas.faithfulness import Check

REQUIRED = ("ragas", "rapidfuzz", "rouge_score", "sacrebleu")
"""Packages that only the extra `eval` brings."""

Needs = Literal["reference", "reference_contexts", "reference_context_ids"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric's name, the column of the case it compares with (None: none), and what it judges."""

    name: str
    needs: Needs | None
    judges: Literal["retrieval", "answer"]


MEASURES = (
    Measure("faithfulness", None, "answer"),
    Measure("semantic_similarity", "reference", "answer"),
    Measure("rouge_score", "reference", "answer"),
    Measure("bleu_score", "reference", "answer"),
    Measure("exact_match", "reference", "answer"),
    Measure("string_present", "reference", "answer"),
    Measure("non_llm_string_similarity", "reference", "answer"),
    Measure("non_llm_context_precision_with_reference", "reference_contexts", "retrieval"),
    Measure("non_llm_context_recall", "reference_contexts", "retrieval"),
    Measure("id_based_context_precision", "reference_context_ids", "retrieval"),
    Measure("id_based_context_recall", "reference_context_ids", "retrieval"),
)


def chosen(names: Sequence[str] | None) -> tuple[Measure, ...]:
    """The measures of these names in the order given (None: all). Raises InvalidInput `unknown_metric`."""
    if names is None:
        return MEASURES
    known = {measure.name: measure for measure in MEASURES}
    for name in names:
        if name not in known:
            raise InvalidInput(
                f"There is no metric {name!r}; known are {', '.join(known)}.", code="unknown_metric"
            )
    return tuple(known[name] for name in dict.fromkeys(names))


def load_metrics(measures: Sequence[Measure], encoder: Encoder, check: Check) -> dict[str, SingleTurnMetric]:
    """The RAGAS metric behind each measure's name. Raises ModelError `extra_missing` without the extra
    `eval`.

    Imports RAGAS, which takes seconds. NonLLMContextRecall is missing from ragas.metrics and none of the
    others is there without a warning, hence the private modules; the version is pinned.
    """
    require(*REQUIRED)
    try:
        from ragas.metrics._answer_similarity import SemanticSimilarity
        from ragas.metrics._context_precision import (
            IDBasedContextPrecision,
            NonLLMContextPrecisionWithReference,
        )
        from ragas.metrics._context_recall import IDBasedContextRecall, NonLLMContextRecall
        from ragas.metrics._rouge_score import RougeScore
        from ragas.metrics._string import ExactMatch, NonLLMStringSimilarity, StringPresence

        from eval.ragas.bleu import WholeTextBleu
        from eval.ragas.embeddings import EncoderEmbeddings
        from eval.ragas.faithfulness import CheckerFaithfulness
    except ImportError as error:
        raise unusable(error) from error
    metrics = [
        CheckerFaithfulness(check=check),
        SemanticSimilarity(embeddings=EncoderEmbeddings(encoder)),
        *(kind() for kind in (RougeScore, WholeTextBleu, ExactMatch, StringPresence, NonLLMStringSimilarity)),
        *(kind() for kind in (NonLLMContextPrecisionWithReference, NonLLMContextRecall)),
        *(kind() for kind in (IDBasedContextPrecision, IDBasedContextRecall)),
    ]
    by_name = {metric.name: metric for metric in metrics}
    return {measure.name: by_name[measure.name] for measure in measures}
