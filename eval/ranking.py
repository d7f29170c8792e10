"""Rankings against judgements, by ir_measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from eval.extra import require

Ranking = Mapping[str, Sequence[str]]
"""Query to document ids, best first."""
Qrels = Mapping[str, Mapping[str, int]]
"""Query to the grades of its judged documents."""

DEFAULT_MEASURES = ("nDCG@10", "R@100", "RR")


def score_ranking(
    qrels: Qrels, ranking: Ranking, measures: Sequence[str] = DEFAULT_MEASURES
) -> dict[str, dict[str, float]]:
    """Measure to query to value, for every judged query: one without an answer scores the measure's default.

    Only the order counts: scores are made from ranks, as trec_eval breaks ties by document id.
    Raises ModelError `extra_missing` without the extra `eval`.
    """
    require("ir_measures")
    import ir_measures

    parsed = [ir_measures.parse_measure(name) for name in measures]
    judged = [ir_measures.Qrel(query, document, grade) for query, document, grade in _judgements(qrels)]
    run = [
        ir_measures.ScoredDoc(query, document, float(-rank))
        for query in ranking
        for rank, document in enumerate(ranking[query])
    ]
    values: dict[str, dict[str, float]] = {str(measure): {} for measure in parsed}
    for found in ir_measures.iter_calc(parsed, judged, run):
        values[str(found.measure)][found.query_id] = float(found.value)
    return values


def first_of_each(ids: Iterable[str]) -> list[str]:
    """Each id where it first appears: a document stands where its best chunk stands (max-pooling)."""
    return list(dict.fromkeys(ids))


def _judgements(qrels: Qrels) -> Iterable[tuple[str, str, int]]:
    return ((query, document, grade) for query, grades in qrels.items() for document, grade in grades.items())
