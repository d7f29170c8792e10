"""How a collection is searched: the settings, and over them what was learned for it."""

from __future__ import annotations

from dataclasses import dataclass

from rag.search.tuning import DEFAULTS, QueryAdapter, Tuning
from rag.settings import Settings

DENSE_WEIGHT = 1.0
"""Weight of the standardised dense score, beside which the others count."""

LATE_WEIGHT = 0.75
"""Weight of the standardised late-interaction score beside the standardised candidates' score.

Chosen on obliqa dev, fairytaleqa_sections val and scifact train (300 queries each, docs/log.md, 2026-11-21);
nDCG@10 is flat from 0.5 to 1.5.
"""

READER_WEIGHT = 0.5
"""Weight of the reader's logit beside the score after late interaction.

Chosen on adi, scifact train, fairytaleqa_sections val, qed_nq dev and medquad (355 questions, docs/log.md,
2026-11-21); nDCG@10 is flat from 0.4 to 0.6, and the standardised logit gains less.
"""


@dataclass(frozen=True, slots=True, eq=False)
class SearchConfig:
    """Weights and depths of one search; a `late_weight` or `reader_candidates` of 0 leaves the stage out.

    `rerank_candidates` go from fusion to late interaction, the first `reader_candidates` from there to the
    reader.
    """

    dense_weight: float
    lexical_weight: float
    late_weight: float
    reader_weight: float
    rerank_candidates: int
    reader_candidates: int
    adapter: QueryAdapter | None = None


def search_config(settings: Settings, tuning: Tuning = DEFAULTS) -> SearchConfig:
    """The settings with what was learned in their place; a stage that the settings leave out stays out."""
    return SearchConfig(
        dense_weight=_first(tuning.dense_weight, DENSE_WEIGHT),
        lexical_weight=_first(tuning.lexical_weight, settings.lexical_weight),
        late_weight=_first(tuning.late_weight, LATE_WEIGHT),
        reader_weight=READER_WEIGHT,
        rerank_candidates=settings.rerank_candidates,
        reader_candidates=0 if tuning.reader is False else settings.reader_candidates,
        adapter=tuning.adapter,
    )


def _first(learned: float | None, default: float) -> float:
    return default if learned is None else learned
