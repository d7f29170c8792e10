"""The metrics of a run as RAGAS metrics by name: our judges, those of RAGAS, and those that ask an LLM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from eval.environment import ragas_telemetry_off, require, unusable
from eval.metrics.registry import JUDGES, REQUIRED, Measure, load_judges
from rag.errors import Conflict
from rag.models.loaded import Models

if TYPE_CHECKING:
    from ragas.metrics.base import SingleTurnMetric

    from eval.metrics.ragas.llm import MeteredLLM


def load_metrics(
    measures: Sequence[Measure], models: Models, llm: MeteredLLM | None = None
) -> dict[str, SingleTurnMetric]:
    """The RAGAS metric behind each measure's name, to be used for every row.

    `llm` is open_llm's, needed where a measure asks one (Conflict `no_generator`). Raises
    ModelError `extra_missing` without the extra `eval`. Imports RAGAS, which takes seconds.
    """
    require(*REQUIRED)
    ragas_telemetry_off()
    try:
        found = {**_small(models), **_stock(models, {measure.name for measure in measures})}
        if any(measure.llm for measure in measures):
            found |= _asking(models, llm)
    except ImportError as error:
        raise unusable(error) from error
    return {measure.name: found[measure.name] for measure in measures if measure.name in found}


def _small(models: Models) -> dict[str, SingleTurnMetric]:
    from eval.metrics.ragas.metrics import METRICS

    judges = load_judges(tuple(JUDGES), models)
    return {kind.judged: kind(judges[kind.judged]) for kind in METRICS}


def _stock(models: Models, names: Set[str]) -> dict[str, SingleTurnMetric]:
    """Those of these names alone: ROUGE imports NLTK, seconds, once there is one.

    NonLLMContextRecall is missing from ragas.metrics and none of the others is there without a warning,
    hence the private modules; the version is pinned.
    """
    from ragas.metrics._answer_similarity import SemanticSimilarity
    from ragas.metrics._context_precision import (
        IDBasedContextPrecision,
        NonLLMContextPrecisionWithReference,
    )
    from ragas.metrics._context_recall import IDBasedContextRecall, NonLLMContextRecall
    from ragas.metrics._rouge_score import RougeScore
    from ragas.metrics._string import ExactMatch, NonLLMStringSimilarity, StringPresence

    from eval.metrics.ragas.llm import EncoderEmbeddings
    from eval.metrics.ragas.metrics import (
        ContextTokenPrecision,
        ContextTokenRecall,
        ReferenceRecall,
        WholeTextBleu,
    )

    kinds: Mapping[str, Callable[[], SingleTurnMetric]] = {
        "semantic_similarity": lambda: SemanticSimilarity(embeddings=EncoderEmbeddings(models.encoder)),
        "reference_recall": ReferenceRecall,
        "rouge_score": RougeScore,
        "bleu_score": WholeTextBleu,
        "exact_match": ExactMatch,
        "string_present": StringPresence,
        "non_llm_string_similarity": NonLLMStringSimilarity,
        "non_llm_context_precision_with_reference": NonLLMContextPrecisionWithReference,
        "non_llm_context_recall": NonLLMContextRecall,
        "context_token_recall": ContextTokenRecall,
        "context_token_precision": ContextTokenPrecision,
        "id_based_context_precision": IDBasedContextPrecision,
        "id_based_context_recall": IDBasedContextRecall,
    }
    return {name: kind() for name, kind in kinds.items() if name in names}


def _asking(models: Models, llm: MeteredLLM | None) -> dict[str, SingleTurnMetric]:
    from eval.metrics.ragas.llm import llm_metrics

    if llm is None:
        raise Conflict("No LLM was opened for the metrics that ask one.", code="no_generator")
    return {metric.name: metric for metric in llm_metrics(llm, models.encoder)}
