"""The metrics of an evaluation by name, and the judges among them; ragas/load.py makes the RAGAS metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.metrics.bert_score import bert_score
from eval.metrics.grounding import Support, citation_precision, citation_recall, faithfulness
from eval.metrics.judge import Judge
from eval.metrics.relevance import answer_relevancy, context_relevance
from rag.errors import Conflict, InvalidInput
from rag.models.loaded import Models
from rag.settings import Settings

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
