"""Samples before the real judges: in the background, after a kill, with passages that are gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eval.corpus import put_whole
from eval.metrics.judge import NotJudgeable, Sample
from eval.online.sampling import Live, to_sample
from eval.online.scoring import OnlineScorer, judge_sample
from jobs.worker import Worker
from rag.answer.ask import Ask
from rag.service import Service, open_service
from rag.settings import Settings
from rag.store import NewSample, Store
from rag.types import CurationPolicy
from tests.cli.commands import environment, wait_for
from tests.eval.conftest import MANUALS

NEVER = threading.Event()
QUESTIONS = (
    "What pressure is the bilge pump rated for?",
    "How many watts does the mast lamp draw?",
    "What are the mooring ropes made of?",
    "Who won the football match in Glasgow?",
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A collection of the test's own."""
    with closing(open_service(Settings(data=tmp_path / "data", threads=1))) as service:
        put_whole(service.store, service.models.encoder, "manuals", MANUALS)
        yield service


def samples_of(service: Service, count: int) -> list[NewSample]:
    """Samples of answers to the questions, over and over, a minute apart."""
    answers = [
        service.answerer.answer(Ask(question, "manuals"))
        for question in QUESTIONS[: min(count, len(QUESTIONS))]
    ]
    start = datetime.now(UTC) - timedelta(days=1)
    given = ((n, n % len(answers)) for n in range(count))
    return [
        to_sample(Live(f"r-{n}", "manuals", QUESTIONS[at], answers[at], start + timedelta(minutes=n)))
        for n, at in given
    ]


def states(store: Store) -> dict[str, int]:
    return {state: count for (_, state), count in store.samples.count().items()}


def test_samples_are_scored_by_the_judges_of_the_settings(service: Service) -> None:
    service.store.samples.add(samples_of(service, 4))
    OnlineScorer(service.settings, service.store).run_once(NEVER)
    records = service.store.samples.newest("manuals", 10)
    assert states(service.store) == {"scored": 4}
    pump, *_, football = records
    assert set(pump.scores) == {"faithfulness", "answer_relevancy", "context_relevance"}
    assert pump.scores["faithfulness"] == 1.0
    assert football.abstained
    assert set(football.problems) == {"faithfulness", "answer_relevancy"}
    assert football.scores["context_relevance"] < pump.scores["context_relevance"]
    assert pump.judged_by is not None
    for role in (service.models.encoder, service.models.reader, service.models.checker):
        assert f"{role.info.name}@{role.info.revision[:12]}" in pump.judged_by


def test_an_answer_that_its_passages_do_not_bear_scores_low(service: Service) -> None:
    (good,) = samples_of(service, 1)
    wrong = good.texts.response.replace("16 bar", "61 bar")
    assert wrong != good.texts.response
    found = service.store.samples.passages(good.texts.passages)
    judged = judge_sample(1, good.texts, found, {"own": lambda one: float("16" in one.contexts[0])}, "j")
    assert judged is not None
    assert judged.scores == {"own": 1.0}
    service.store.samples.add([good])
    ((key, texts),) = service.store.samples.waiting(1)
    service.store.samples.forget("manuals")
    changed = type(texts)(texts.question, wrong, texts.passages, texts.sentences)
    service.store.samples.add([type(good)(**{**_fields(good), "texts": changed})])
    OnlineScorer(service.settings, service.store).run_once(NEVER)
    (one,) = service.store.samples.newest("manuals", 1)
    assert one.key != key
    others = len(good.texts.sentences) - wrong.count("61 bar")  # each as it was, and borne
    assert one.scores["faithfulness"] == pytest.approx(others / len(good.texts.sentences))


def _fields(sample: NewSample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in NewSample.__dataclass_fields__}


def test_a_judge_that_fails_leaves_its_code_and_the_others_go_on(service: Service) -> None:
    (sample,) = samples_of(service, 1)

    def no_reference(_: Sample) -> float:
        raise NotJudgeable("no reference", code="no_reference")

    def broken(_: Sample) -> float:
        raise ZeroDivisionError

    judges = {"a": no_reference, "b": broken, "c": lambda _: float("nan"), "d": lambda _: 0.5}
    found = service.store.samples.passages(sample.texts.passages)
    judged = judge_sample(1, sample.texts, found, judges, "j")
    assert judged is not None
    assert judged.scores == {"d": 0.5}
    assert judged.problems == {"a": "no_reference", "b": "metric_failed", "c": "not_a_number"}


def test_passages_that_are_gone_or_in_quarantine_are_not_judged_without(service: Service) -> None:
    store = service.store
    store.samples.add(samples_of(service, 2))
    with store._db.write() as connection:
        connection.exec_driver_sql("UPDATE chunks SET quarantine = 'secret' WHERE text LIKE '%mast lamp%'")
    OnlineScorer(service.settings, store).run_once(NEVER)
    problems = {code for one in store.samples.newest("manuals", 10) for code in one.problems.values()}
    assert problems == {"passages_gone"}
    assert states(store) == {"scored": 2}
    assert CurationPolicy().secret == "flag"


def test_texts_that_went_before_they_were_scored_end_as_gone(service: Service) -> None:
    store = service.store
    store.samples.add(samples_of(service, 4))
    for record in store.documents.page("manuals")[0]:
        store.documents.delete(record.document.id)
    OnlineScorer(service.settings, store).run_once(NEVER)
    assert states(store) == {"gone": 4}
    assert store.audit.problems() == []


def test_retention_holds_where_samples_are_scored(service: Service) -> None:
    old, *others = samples_of(service, 4)
    long_ago = type(old)(**{**_fields(old), "created_at": datetime.now(UTC) - timedelta(days=31)})
    service.store.samples.add([long_ago, *others])
    OnlineScorer(service.settings.model_copy(update={"online_keep": 2}), service.store).run_once(NEVER)
    assert [one.request_id for one in service.store.samples.newest("manuals", 10)] == ["r-2", "r-3"]


def test_only_one_scores_at_a_time_and_the_next_goes_on(service: Service) -> None:
    service.store.samples.add(samples_of(service, 1))
    with service.store.locks.exclusive("online") as mine:
        assert mine
        OnlineScorer(service.settings, service.store).run_once(NEVER)
        assert states(service.store) == {"waiting": 1}
    OnlineScorer(service.settings, service.store).run_once(NEVER)
    assert states(service.store) == {"scored": 1}


def test_models_that_do_not_load_are_waited_out(service: Service, tmp_path: Path) -> None:
    service.store.samples.add(samples_of(service, 1))
    broken = service.settings.model_copy(update={"weights": tmp_path / "none"})
    OnlineScorer(broken, service.store).run_once(NEVER)
    assert states(service.store) == {"waiting": 1}


def test_a_stopped_scorer_leaves_the_rest_to_the_next(service: Service) -> None:
    service.store.samples.add(samples_of(service, 2))
    stop = threading.Event()
    stop.set()
    Worker(service.store, periodic=[OnlineScorer(service.settings, service.store)]).run(stop)
    assert states(service.store) == {"waiting": 2}


def test_a_worker_killed_while_it_scores_loses_no_sample(service: Service, tmp_path: Path) -> None:
    store, many = service.store, 64
    store.samples.add(samples_of(service, many))
    command = [sys.executable, "-P", "-m", "api.cli.main", "worker", "--data", str(service.settings.data)]
    with subprocess.Popen(command, env=environment(FOOTNOTE_ONLINE_SHARE="1")) as worker:
        try:
            assert wait_for(lambda: states(store).get("scored", 0) > 0)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
    left = states(store)
    assert sum(left.values()) == many
    assert left.get("waiting", 0) > 0
    done = subprocess.run([*command, "--drain"], env=environment(), check=False, timeout=240)
    assert done.returncode == 0
    assert states(store) == {"scored": many}
    assert store.audit.problems() == []
