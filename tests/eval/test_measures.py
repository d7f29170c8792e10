"""The metrics by name, and what they are given of a live answer."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from eval.cases import Case
from eval.metrics.ragas.llm import open_llm
from eval.metrics.ragas.load import load_metrics
from eval.metrics.registry import JUDGES, MEASURES, chosen
from eval.runs.execute import Limits, RunRequest, execute
from eval.runs.record import Row
from eval.runs.score import Scorer, answered
from eval.runs.setup import AskOptions
from rag.answer.ask import Ask
from rag.errors import Conflict
from rag.service import Service, open_service
from rag.settings import Settings
from rag.types import Answer
from tests.fakes.llm_server import FakeLLM, says

CASE = Case("What pressure is the bilge pump rated for?", "16 bar")
METERED = "factual_correctness"


def scored(manuals: Service, answer: Answer, *names: str) -> Row:
    measures = chosen(names)
    return Scorer(measures, load_metrics(measures, manuals.models)).scored(answered(CASE, answer), CASE)


def test_every_judge_is_a_measure_and_names_are_distinct() -> None:
    names = [measure.name for measure in MEASURES]
    assert len(names) == len(set(names))
    assert set(JUDGES) <= {measure.name for measure in chosen(None)}


def test_metrics_that_cost_money_want_an_llm() -> None:
    asked = ["llm_faithfulness", "faithfulness"]
    assert [measure.name for measure in chosen(asked)] == asked
    with pytest.raises(Conflict, match="llm_faithfulness") as caught:
        chosen(asked, Settings())
    assert caught.value.code == "no_generator"
    assert chosen(asked, Settings(llm_url="http://127.0.0.1:1/v1", llm_model="m")) == chosen(asked)
    assert chosen(["faithfulness"], Settings())[0].judges == "answer"


def test_citation_metrics_see_the_markers_and_others_do_not(manuals: Service) -> None:
    answer = manuals.answerer.answer(Ask(CASE.question, "manuals"))
    names = ("citation_recall", "citation_precision", "faithfulness")
    found = scored(manuals, answer, *names)
    assert "[" not in found.response
    assert "[" in found.cited
    assert found.scores == dict.fromkeys(names, 1)
    elsewhere = replace(answer, hits=tuple(reversed(answer.hits)))
    assert scored(manuals, elsewhere, *names).scores == dict.fromkeys(names, 1)


def test_a_garbage_reply_is_an_error_on_the_row(manuals: Service) -> None:
    measures = chosen(["llm_context_recall", "exact_match"])
    row = answered(CASE, manuals.answerer.answer(Ask(CASE.question, "manuals")))
    with FakeLLM(says("Fine!")) as server:
        llm = open_llm(Settings(llm_url=server.url, llm_model="fake-llm"))
        found = Scorer(measures, load_metrics(measures, manuals.models, llm)).scored(row, CASE)
    assert found.errors["llm_context_recall"].code == "generator_invalid"
    assert set(found.scores) == {"exact_match"}


def test_an_abstention_is_not_judged(manuals: Service) -> None:
    answer = replace(
        manuals.answerer.answer(Ask(CASE.question, "manuals")), abstained=True, text="I do not know."
    )
    found = scored(manuals, answer, *JUDGES)
    claims = ("faithfulness", "answer_relevancy", "citation_recall", "citation_precision")
    assert found.skipped == dict.fromkeys(claims, "abstained")
    assert found.scores["bert_score"] == 0
    assert found.scores["context_relevance"] > 0


def test_a_run_counts_what_its_judges_cost_and_stops_at_its_limit(manuals: Service) -> None:
    """The first case alone costs more than the limit; the second is not asked."""
    cases = [CASE, Case("What are mooring ropes made of?", "polyester")]
    with FakeLLM(says('{"claims": ["a", "b"]}')) as server:
        prices = {"llm_prompt_cost": 1e6, "llm_completion_cost": 2e6}
        settings = Settings(data=manuals.settings.data, llm_url=server.url, llm_model="fake-llm", **prices)
        with closing(open_service(settings, store=manuals.store)) as service:
            asked = RunRequest(
                cases, "manuals", [METERED], AskOptions(mode="extractive"), Limits(max_cost=10)
            )
            run = execute(service, asked)
    (row,) = run.rows
    assert run.setup.cases == 2
    assert run.setup.models["llm"] == "fake-llm"
    assert row.spent.cost == 0
    assert row.judge_spent.cost > 10
    assert row.judge_spent.cost == row.judge_spent.prompt_tokens + 2 * row.judge_spent.completion_tokens
