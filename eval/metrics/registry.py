"""The metrics of an evaluation by name: our small judges, RAGAS metrics that need no LLM, and those of
RAGAS that ask one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eval.environment import require, unusable
from eval.metrics.bert_score import bert_score
from eval.metrics.grounding import Support, citation_precision, citation_recall, faithfulness
from eval.metrics.judge import Judge
from eval.metrics.relevance import answer_relevancy, context_relevance
from rag.errors import Conflict, InvalidInput
from rag.models.loaded import Models
from rag.settings import Settings

if TYPE_CHECKING:
    from ragas.metrics.base import SingleTurnMetric

    from eval.metrics.ragas.llm import MeteredLLM


REQUIRED = ("ragas", "rapidfuzz", "rouge_score", "sacrebleu")
"""Packages that only the extra `eval` brings."""

Needs = Literal["reference", "reference_contexts", "reference_context_ids"]
Judged = Literal["retrieval", "answer", "citations", "abstention"]
"""What a metric looks at: what was retrieved; the response without markers; or the response with markers
`[n]` that count the retrieved contexts from 1 (eval.metrics.judge makes it); or whether there is a response
at all, which takes no metric of RAGAS.
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric's name, the column of the case it compares with (None: none), and what it judges.

    `llm`: it asks the LLM of the settings, which costs money; such metrics run only when asked for by name.
    """

    name: str
    needs: Needs | None
    judges: Judged
    llm: bool = False


MEASURES = (
    Measure("faithfulness", None, "answer"),
    Measure("answer_relevancy", None, "answer"),
    Measure("context_relevance", None, "retrieval"),
    Measure("citation_recall", None, "citations"),
    Measure("citation_precision", None, "citations"),
    Measure("reference_recall", "reference", "answer"),
    Measure("bert_score", "reference", "answer"),
    Measure("semantic_similarity", "reference", "answer"),
    Measure("rouge_score", "reference", "answer"),
    Measure("bleu_score", "reference", "answer"),
    Measure("exact_match", "reference", "answer"),
    Measure("string_present", "reference", "answer"),
    Measure("non_llm_string_similarity", "reference", "answer"),
    Measure("non_llm_context_precision_with_reference", "reference_contexts", "retrieval"),
    Measure("non_llm_context_recall", "reference_contexts", "retrieval"),
    Measure("context_token_recall", "reference_contexts", "retrieval"),
    Measure("context_token_precision", "reference_contexts", "retrieval"),
    Measure("id_based_context_precision", "reference_context_ids", "retrieval"),
    Measure("id_based_context_recall", "reference_context_ids", "retrieval"),
    Measure("abstention_accuracy", None, "abstention"),
    Measure("llm_faithfulness", None, "answer", llm=True),
    Measure("llm_answer_relevancy", None, "answer", llm=True),
    Measure("llm_context_precision", "reference", "retrieval", llm=True),
    Measure("llm_context_recall", "reference", "retrieval", llm=True),
    Measure("factual_correctness", "reference", "answer", llm=True),
)


def chosen(names: Sequence[str] | None, settings: Settings | None = None) -> tuple[Measure, ...]:
    """The measures of these names in the order given; None: all that ask no LLM.

    Raises InvalidInput `unknown_metric`, and with `settings` Conflict `no_generator` for a metric that asks
    an LLM where they name none.
    """
    if names is None:
        return tuple(measure for measure in MEASURES if not measure.llm)
    known = {measure.name: measure for measure in MEASURES}
    for name in names:
        if name not in known:
            raise InvalidInput(
                f"There is no metric {name!r}; known are {', '.join(known)}.", code="unknown_metric"
            )
    found = tuple(known[name] for name in dict.fromkeys(names))
    asking = [measure.name for measure in found if measure.llm]
    if asking and settings is not None and not (settings.llm_url and settings.llm_model):
        raise Conflict(
            f"No LLM is configured for {', '.join(asking)}; set FOOTNOTE_LLM_URL and FOOTNOTE_LLM_MODEL.",
            code="no_generator",
        )
    return found


def load_metrics(
    measures: Sequence[Measure], models: Models, llm: MeteredLLM | None = None
) -> dict[str, SingleTurnMetric]:
    """The RAGAS metric behind each measure's name, to be used for every row; `models` may be an Engine.

    `llm` is eval.ragas.llm.open_llm's, needed where a measure asks one (Conflict `no_generator`). Raises
    ModelError `extra_missing` without the extra `eval`. Imports RAGAS, which takes seconds.
    """
    require(*REQUIRED)
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
    from eval.metrics.ragas.llm import EncoderEmbeddings
    from eval.metrics.ragas.metrics import (
        ContextTokenPrecision,
        ContextTokenRecall,
        ReferenceRecall,
        WholeTextBleu,  # first: it turns telemetry off
    )

    from ragas.metrics._answer_similarity import SemanticSimilarity  # isort: skip
    from ragas.metrics._context_precision import (  # isort: skip
        IDBasedContextPrecision,
        NonLLMContextPrecisionWithReference,
    )
    from ragas.metrics._context_recall import IDBasedContextRecall, NonLLMContextRecall  # isort: skip
    from ragas.metrics._rouge_score import RougeScore  # isort: skip
    from ragas.metrics._string import ExactMatch, NonLLMStringSimilarity, StringPresence  # isort: skip

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


JUDGES: Mapping[str, Callable[[Models, Support], Judge]] = {
    "faithfulness": lambda _, support: faithfulness(support),
    "answer_relevancy": lambda models, _: answer_relevancy(models),
    "context_relevance": lambda models, _: context_relevance(models),
    "citation_recall": lambda _, support: citation_recall(support),
    "citation_precision": lambda _, support: citation_precision(support),
    "bert_score": lambda models, _: bert_score(models),
}


def load_judges(names: Sequence[str], models: Models) -> dict[str, Judge]:
    """The judges of these names over one set of models, such as an Engine; models load at the first use.

    What one judge asked the checker the others of this call need not ask again. Safe to share between
    threads, the same on every run. Raises InvalidInput `unknown_metric`.
    """
    support = Support(models)
    for name in names:
        if name not in JUDGES:
            raise InvalidInput(
                f"There is no judge {name!r}; known are {', '.join(JUDGES)}.", code="unknown_metric"
            )
    return {name: JUDGES[name](models, support) for name in names}
