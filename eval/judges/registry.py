"""The judges by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from eval.judges.answer_relevancy import answer_relevancy
from eval.judges.bert_score import bert_score
from eval.judges.citations import citation_precision, citation_recall
from eval.judges.context_relevance import context_relevance
from eval.judges.faithfulness import faithfulness
from eval.judges.models import Models
from eval.judges.sample import Judge
from eval.judges.support import Support
from rag.errors import InvalidInput

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
