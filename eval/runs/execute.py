"""Ask a collection live, score what comes back, and lose nothing on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field

from eval.cases import Case
from eval.cases.case import with_ids
from eval.metrics.ragas.load import load_metrics
from eval.metrics.registry import Measure, chosen
from eval.runs.journal import Journal, OpenJournal
from eval.runs.record import Failure, Row, Run
from eval.runs.score import Scorer, answered, failed
from eval.runs.setup import AskOptions, setup_of
from rag.answer.ask import Ask
from rag.errors import InvalidInput, RagError
from rag.service import Service
from rag.types import Answer

Progress = Callable[[int, int], None]
"""Called with the cases done and their total; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take: cases asked at a time, seconds for an answer and for a metric on a row, and money
    in the currency of the settings (None: no limit) after which no further case is asked.
    """

    at_once: int = 1
    answer_s: float = 120.0
    metric_s: float = 60.0
    max_cost: float | None = None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is made of: cases, a collection, metrics by name (None: all that need no LLM)."""

    cases: Sequence[Case]
    collection: str
    metrics: Sequence[str] | None = None
    asking: AskOptions = field(default_factory=AskOptions)
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    cases_file: str | None = None


def execute(
    service: Service,
    asked: RunRequest,
    journal: OpenJournal | None = None,
    progress: Progress | None = None,
    *,
    again: Collection[str] = (),
    on_row: Callable[[Row], None] | None = None,
) -> Run:
    """Ask and score every case. With a `journal` (eval.runs.journal has them) the run is written
    down as it goes, and an unfinished one is gone on with; the cases of the ids `again` are asked even if
    they are done. `on_row` is told of every new row.

    Has fewer rows than cases where the cost limit was reached. Not from inside an event loop: call it in a
    thread. Raises NotFound `collection_not_found`, InvalidInput `unknown_metric`, `cases_empty`,
    `cases_duplicate_id`, ModelError `extra_missing`, Conflict `no_generator`, `run_differs` and `run_locked`.
    """
    if not asked.cases:
        raise InvalidInput("There is no case to evaluate.", code="cases_empty")
    measures = chosen(asked.metrics, service.settings)
    cases = with_ids(asked.cases)
    names = [measure.name for measure in measures]
    setup = setup_of(
        service, cases, asked.collection, names, asked.asking, seed=asked.seed, cases_file=asked.cases_file
    )
    scorer = _scorer(service, measures, asked.limits.metric_s)
    with closing(_RowLog(journal(setup, cases) if journal else None)) as record:
        service.warm()  # so that the first answer's time is not that of loading models
        for one in again:
            record.rows.pop(one, None)
        work = _Runner(service, scorer, asked, record)
        work.run(cases, progress or (lambda done, total: None), on_row or (lambda row: None))
        rows = tuple(record.rows[case.id or ""] for case in cases if case.id in record.rows)
        return Run(record.journal.setup if record.journal else setup, rows, record.seconds())


def _scorer(service: Service, measures: Sequence[Measure], seconds: float) -> Scorer:
    if not any(measure.llm for measure in measures):
        return Scorer(measures, load_metrics(measures, service.models), seconds)
    from eval.metrics.ragas.llm import open_llm

    llm = open_llm(service.settings)
    return Scorer(measures, load_metrics(measures, service.models, llm), seconds, llm.meter)


class _RowLog:
    """The rows so far, and the time: in a journal where there is one."""

    def __init__(self, journal: Journal | None) -> None:
        self.journal = journal
        self.rows: dict[str, Row] = journal.rows if journal else {}
        self._before = journal.seconds if journal else 0.0
        self._started = time.monotonic()

    def add(self, row: Row) -> None:
        if self.journal:
            self.journal.add(row, self.seconds())
        else:
            self.rows[row.id] = row

    def seconds(self) -> float:
        return self._before + time.monotonic() - self._started

    def cost(self) -> float:
        return sum(row.spent.cost + row.judge_spent.cost for row in self.rows.values())

    def close(self) -> None:
        if self.journal:
            self.journal.close()


class _Runner:
    """Asks cases, a few at a time. Only the thread that runs it writes."""

    def __init__(self, service: Service, scorer: Scorer, asked: RunRequest, record: _RowLog) -> None:
        self._service = service
        self._scorer = scorer
        self._asked = asked
        self._record = record

    def run(self, cases: Sequence[Case], progress: Progress, on_row: Callable[[Row], None]) -> None:
        todo = [case for case in cases if case.id not in self._record.rows]
        progress(len(cases) - len(todo), len(cases))
        with ThreadPoolExecutor(self._asked.limits.at_once, thread_name_prefix="footnote-case") as pool:
            for row in self._rows(pool, iter(todo)):
                self._record.add(row)
                on_row(row)
                progress(len(self._record.rows), len(cases))

    def _rows(self, pool: ThreadPoolExecutor, todo: Iterator[Case]) -> Iterator[Row]:
        """Rows as they are done. What is under way when the consumer stops is finished and let go."""
        running: set[Future[Row]] = set()
        while True:
            while len(running) < self._asked.limits.at_once and self._may_ask():
                case = next(todo, None)
                if case is None:
                    break
                running.add(pool.submit(self._row, case))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()

    def _may_ask(self) -> bool:
        most = self._asked.limits.max_cost
        return most is None or self._record.cost() < most

    def _row(self, case: Case) -> Row:
        try:
            answer = self._answer(case)
        except RagError as error:
            names = tuple(measure.name for measure in self._scorer.measures)
            return failed(case, Failure(error.code, error.message), names)
        return self._scorer.scored(answered(case, answer), case)

    def _answer(self, case: Case) -> Answer:
        """The answer, if it comes in time. One that does not is left to itself: models cannot be stopped."""
        outcome: Future[Answer] = Future()
        how = self._asked.asking

        def ask() -> None:
            try:
                outcome.set_result(
                    self._service.answerer.answer(
                        Ask(case.question, self._asked.collection, k=how.k, mode=how.mode, check=how.check)
                    )
                )
            except BaseException as error:  # noqa: BLE001 - handed to who waits
                outcome.set_exception(error)

        threading.Thread(target=ask, name="footnote-question", daemon=True).start()
        seconds = self._asked.limits.answer_s
        try:
            return outcome.result(seconds)
        except TimeoutError as error:
            if outcome.done():
                raise
            raise AnswerTimeout(f"No answer in {seconds:g} s.") from error


class AnswerTimeout(RagError):
    """A question took longer than the run allows."""

    code = "answer_timeout"
