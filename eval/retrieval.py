"""Does search find the documents that hold the answer? Rankings of a live collection, by ir_measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.cases import Case, Layout, read_cases
from eval.corpus import load_beir
from eval.environment import require
from eval.statistics import Interval, mean_interval
from rag.errors import InvalidInput
from rag.service import Service
from rag.types import Mode, Query

MEASURES = ("nDCG@10", "R@10", "R@100", "RR")
DEPTH = 300
"""Chunks asked for, so that about a hundred documents are ranked: R@100 needs them."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """A query and the grade of each document that is relevant to it, by source."""

    id: str
    text: str
    grades: Mapping[str, int]
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Measure to mean over all queries, and over those of each type.

    `left_out` counts cases without relevant sources, `absent` relevant sources that the collection lacks:
    they cannot be found, and count as missed.
    """

    collection: str
    mode: Mode
    rerank: bool
    queries: int
    left_out: int
    absent: int
    measures: Mapping[str, Interval]
    types: Mapping[str, Mapping[str, Interval]]
    ms_per_query: float


def judged_of(path: Path, layout: Layout | None = None) -> tuple[list[Judged], int]:
    """The queries of a BEIR folder with their grades, or the cases of a file with grade 1 for each relevant
    source; and how many cases name none. Raises as read_cases, and InvalidInput `cases_without_sources`.
    """
    if path.is_dir() and layout in (None, "beir"):
        folder = load_beir(path)
        return [Judged(query, text, folder.qrels[query]) for query, text in folder.queries.items()], 0
    cases = read_cases(path, layout)
    judged = [_judged(case) for case in cases if case.relevant_sources]
    if not judged:
        raise InvalidInput(f"No case of {path} names a relevant source.", code="cases_without_sources")
    return judged, len(cases) - len(judged)


def score_retrieval(
    service: Service,
    collection: str,
    queries: Sequence[Judged],
    mode: Mode = "hybrid",
    *,
    rerank: bool = True,
    measures: Sequence[str] = MEASURES,
    left_out: int = 0,
    progress: Progress | None = None,
) -> Retrieval:
    """Search for every query as `POST /v1/search` does and score the ranking of documents, each of which
    stands where its best chunk does.

    A relevant document is known by its source, or by that without its ending. Raises NotFound
    `collection_not_found`, ModelError `extra_missing`, InvalidInput `unknown_measure`, and
    `sources_unknown` when the collection has none of the relevant documents.
    """
    require("ir_measures")
    check_measures(measures)
    names = _names(service, collection)
    qrels = {one.id: {names.get(name, name): grade for name, grade in one.grades.items()} for one in queries}
    relevant = {name for one in queries for name, grade in one.grades.items() if grade > 0}
    absent = sum(name not in names for name in relevant)
    if absent == len(relevant):
        raise InvalidInput(
            f"{collection} has none of the relevant sources, such as {min(relevant, default='')!r}.",
            code="sources_unknown",
        )
    started = time.perf_counter()
    ranking = {}
    for done, one in enumerate(queries, 1):
        hits, _ = service.searcher.search(Query(one.text, collection, DEPTH, mode=mode), rerank=rerank)
        ranking[one.id] = first_of_each(hit.document.source for hit in hits)
        if progress:
            progress(done, len(queries))
    ms = 1000 * (time.perf_counter() - started) / len(queries)
    values = score_ranking(qrels, ranking, measures)
    kinds = sorted({one.type for one in queries if one.type is not None})
    types = {kind: _means(values, [one.id for one in queries if one.type == kind]) for kind in kinds}
    total = _means(values, [one.id for one in queries])
    return Retrieval(collection, mode, rerank, len(queries), left_out, absent, total, types, ms)


def check_measures(measures: Sequence[str]) -> None:
    """Raises InvalidInput `unknown_measure` for what ir_measures does not know."""
    import ir_measures

    for name in measures:
        try:
            ir_measures.parse_measure(name)
        except (ValueError, NameError, SyntaxError) as error:
            raise InvalidInput(
                f"There is no measure {name!r}; such are {', '.join(MEASURES)}.", code="unknown_measure"
            ) from error


def _judged(case: Case) -> Judged:
    assert case.id is not None  # read_cases names every case
    return Judged(case.id, case.question, dict.fromkeys(case.relevant_sources or (), 1), case.type)


def _names(service: Service, collection: str) -> dict[str, str]:
    """What a relevant document may be called, to its source. An ending may be left off where only one
    source has the rest.
    """
    service.store.collections.get(collection)
    sources = list(service.store.documents.sources(collection))
    stems: dict[str, str | None] = {}
    for source in sources:
        stem = str(Path(source).with_suffix(""))
        stems[stem] = None if stem in stems else source
    short = {stem: source for stem, source in stems.items() if source is not None}
    return {**short, **{source: source for source in sources}}


def _means(values: Mapping[str, Mapping[str, float]], ids: Sequence[str]) -> dict[str, Interval]:
    return {measure: mean_interval([found[one] for one in ids]) for measure, found in values.items()}


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
