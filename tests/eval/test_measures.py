"""The metrics by name, and what they are given of a live answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eval.run import Asked, ask, score, to_sample

from eval.cases import Case
from eval.judges.registry import JUDGES
from eval.measures import MEASURES, chosen, load_metrics
from eval.ragas.llm import open_llm
from rag.answer.engine import Engine
from rag.errors import Conflict
from rag.settings import Settings
from tests.fakes.llm_server import FakeLLM, says

CASE = Case("What pressure is the bilge pump rated for?", "16 bar")


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


def test_citation_metrics_see_the_markers_and_others_do_not(manuals: Engine) -> None:
    asked = ask(manuals, CASE, "manuals")
    measures = chosen(["citation_recall", "citation_precision", "faithfulness"])
    metrics = load_metrics(measures, manuals)
    sample = to_sample(asked)
    assert "[" not in (sample.response or "")
    assert score(asked, sample, measures, metrics).scores == dict.fromkeys(metrics, 1)
    assert asked.answer is not None
    elsewhere = replace(asked.answer, hits=tuple(reversed(asked.answer.hits)))
    again = replace(asked, answer=elsewhere)
    assert score(again, to_sample(again), measures, metrics).scores == dict.fromkeys(metrics, 1)


def test_a_garbage_reply_is_an_error_on_the_row(manuals: Engine) -> None:
    measures = chosen(["llm_context_recall", "exact_match"])
    asked = ask(manuals, CASE, "manuals")
    with FakeLLM(says("Fine!")) as server:
        llm = open_llm(Settings(llm_url=server.url, llm_model="fake-llm"))
        found = score(asked, to_sample(asked), measures, load_metrics(measures, manuals, llm))
    assert found.errors["llm_context_recall"].code == "generator_invalid"
    assert set(found.scores) == {"exact_match"}


def test_an_abstention_is_not_judged(manuals: Engine) -> None:
    answer = replace(manuals.ask(CASE.question, "manuals"), abstained=True, text="I do not know.")
    asked = Asked(CASE, answer, None)
    measures = chosen(tuple(JUDGES))
    found = score(asked, to_sample(asked), measures, load_metrics(measures, manuals))
    claims = ("faithfulness", "answer_relevancy", "citation_recall", "citation_precision")
    assert found.skipped == dict.fromkeys(claims, "abstained")
    assert found.scores["bert_score"] == 0
    assert found.scores["context_relevance"] > 0
