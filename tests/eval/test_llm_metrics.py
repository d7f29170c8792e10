"""RAGAS' LLM metrics over a server that speaks OpenAI's protocol: their scores, cost and failures."""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from ragas import SingleTurnSample

from eval.cases import Case
from eval.metrics.ragas.llm import MeteredLLM, open_llm
from eval.metrics.ragas.load import load_metrics
from eval.metrics.ragas.meter import CostLimit, Meter, Spent
from eval.metrics.registry import MEASURES, chosen
from eval.runs.execute import RunRequest, execute
from rag.errors import Conflict, GeneratorError
from rag.service import Service
from rag.settings import Settings
from tests.fakes.llm_server import (
    Behaviour,
    FakeLLM,
    Request,
    a_web_page,
    fails,
    never_answers,
    says,
)

ASKING = tuple(measure.name for measure in MEASURES if measure.llm)
PUMP = "The bilge pump is rated for a working pressure of 16 bar."
SAMPLE = SingleTurnSample(
    user_input="What is the pump rated for?",
    retrieved_contexts=["Ropes are made of polyester.", PUMP],
    response="The pump is rated for 16 bar. It was painted in Venice.",
    reference="16 bar",
)


def judge(request: Request) -> str:
    """A model that finds two claims in every text, and the second of any list wrong; Venice it does not know.

    It knows what is wanted by the JSON schema in its instructions, as a real one does.
    """
    wanted = request.body["messages"][0]["content"]
    assert request.body["response_format"] == {"type": "json_object"}
    statements = [
        {"statement": text, "reason": "r", "verdict": verdict} for text, verdict in (("a", 1), ("b", 0))
    ]
    classified = [{"statement": "a", "reason": "r", "attributed": 1}]
    asked_of_ropes = '"context": "Ropes' in request.body["messages"][-1]["content"]
    replies: dict[str, dict[str, object]] = {
        "StatementGeneratorOutput": {"statements": ["a", "b"]},
        "NLIStatementOutput": {"statements": statements},
        "AnswerRelevanceOutput": {"question": "What is the pump rated for?", "noncommittal": 0},
        "ContextPrecisionOutput": {"reason": "r", "verdict": int(not asked_of_ropes)},
        "ContextRecallOutput": {"classifications": classified},
        "ClaimDecompositionOutput": {"claims": ["a", "b"]},
    }
    return json.dumps(next(reply for name, reply in replies.items() if f'"title": "{name}"' in wanted))


def settings(server: FakeLLM, **more: object) -> Settings:
    return Settings.model_validate(
        {
            "llm_url": server.url,
            "llm_model": "fake-llm",
            "llm_key": "sk-secret",
            "llm_timeout_s": 5,
            "llm_prompt_cost": 10,
            "llm_completion_cost": 20,
            "threads": 2,
            **more,
        }
    )


def scores(llm: MeteredLLM, manuals: Service, names: tuple[str, ...] = ASKING) -> dict[str, float]:
    """Each metric in an event loop of its own, as a run computes them."""
    metrics = load_metrics(chosen(names), manuals.models, llm)
    return {name: float(asyncio.run(metric.single_turn_ascore(SAMPLE))) for name, metric in metrics.items()}


def failing(
    manuals: Service, *script: Behaviour, name: str = "llm_faithfulness", **more: object
) -> GeneratorError:
    with FakeLLM(*script) as server, pytest.raises(GeneratorError) as caught:
        scores(open_llm(settings(server, **more)), manuals, (name,))
    return caught.value


def test_scores_by_ragas_own_formulas(manuals: Service) -> None:
    with FakeLLM(says(judge)) as server:
        found = scores(open_llm(settings(server)), manuals)
        assert {request.body["temperature"] for request in server.requests} == {0.0}
        assert server.requests[0].headers["authorization"] == "Bearer sk-secret"
    assert found == {
        "llm_faithfulness": 0.5,
        "llm_answer_relevancy": pytest.approx(1, abs=1e-3),
        "llm_context_precision": pytest.approx(0.5),
        "llm_context_recall": 1,
        "factual_correctness": 0.5,
    }


def test_tokens_and_cost_are_counted_in_all_and_per_block(manuals: Service) -> None:
    with FakeLLM(says(judge)) as server:
        llm = open_llm(settings(server))
        with llm.meter.tally() as first:
            scores(llm, manuals, ("llm_context_precision",))
        with llm.meter.tally() as second:
            scores(llm, manuals, ("llm_faithfulness", "llm_context_recall"))
        calls = len(server.requests)
    assert (first.spent.prompt_tokens, second.spent.prompt_tokens) == (200, 300)
    assert calls == 5
    total = llm.meter.spent
    assert total.prompt_tokens == 500
    assert total.completion_tokens == first.spent.completion_tokens + second.spent.completion_tokens > 0
    assert total.cost == pytest.approx((500 * 10 + total.completion_tokens * 20) / 1e6)


def test_the_meter_counts_from_many_threads_and_keeps_blocks_apart() -> None:
    meter = Meter(1, 1)

    def spend(calls: int) -> Spent:
        with meter.tally() as tally:
            for _ in range(calls):
                meter.count(3, 2)
        return tally.spent

    with ThreadPoolExecutor(8) as pool:
        blocks = list(pool.map(spend, range(50)))
    assert [block.prompt_tokens for block in blocks] == [3 * calls for calls in range(50)]
    assert meter.spent.prompt_tokens == 3 * sum(range(50))


def test_nothing_is_asked_once_the_money_is_spent(manuals: Service) -> None:
    with FakeLLM(says(judge)) as server:
        llm = open_llm(settings(server), limit=0.0012)
        scores(llm, manuals, ("llm_context_recall",))
        with pytest.raises(CostLimit) as caught:
            scores(llm, manuals, ("llm_faithfulness",))
        assert len(server.requests) == 2, "the call that crosses the limit is paid, the next is not made"
    assert caught.value.code == "cost_limit"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (says("I would say that it is quite faithful."), "generator_invalid"),
        (says('{"verdict": "good"}'), "generator_invalid"),
        (says('{"statements": []}'), "generator_invalid"),
        (says('{"statements": ["a"', finish="length"), "generator_invalid"),
        (says("null"), "generator_invalid"),
        (a_web_page(), "generator_invalid"),
        (fails(500), "generator_failed"),
        (fails(401, "Wrong key sk-secret."), "generator_unauthorized"),
        (fails(429), "generator_busy"),
    ],
)
def test_garbage_and_failures_are_errors_with_codes(
    manuals: Service, behaviour: Behaviour, code: str
) -> None:
    error = failing(manuals, behaviour)
    assert error.code == code
    assert "secret" not in error.message


def test_a_server_that_never_answers_is_a_timeout(manuals: Service) -> None:
    assert failing(manuals, never_answers(), llm_timeout_s=0.2).code == "generator_timeout"


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("llm_context_precision", '{"reason": "r", "verdict": 7}'),
        ("llm_context_recall", '{"classifications": []}'),
        ("factual_correctness", '{"claims": []}'),
        ("llm_answer_relevancy", '{"question": "", "noncommittal": 0}'),
    ],
)
def test_what_ragas_would_make_a_number_of_is_an_error(manuals: Service, name: str, reply: str) -> None:
    assert failing(manuals, says(reply), name=name).code == "generator_invalid"


def test_a_bad_reply_is_asked_for_once_more_and_paid(manuals: Service) -> None:
    with FakeLLM(says("hm"), says(judge)) as server:
        llm = open_llm(settings(server))
        assert scores(llm, manuals, ("llm_context_recall",)) == {"llm_context_recall": 1}
    assert llm.meter.spent.prompt_tokens == 200


def test_the_servers_words_are_not_logged(manuals: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        failing(manuals, fails(401, "Wrong key sk-secret."))
    assert "secret" not in caplog.text


def test_without_an_llm_they_are_refused_before_anything_is_asked(manuals: Service) -> None:
    assert not {measure.name for measure in chosen(None)} & set(ASKING), "they cost money"
    with pytest.raises(Conflict, match="factual_correctness") as caught:
        execute(manuals, RunRequest([Case("Which bar?", "16 bar")], "manuals", ["factual_correctness"]))
    assert caught.value.code == "no_generator"
    with pytest.raises(Conflict):
        open_llm(Settings(llm_url="http://127.0.0.1:1/v1"))
    with pytest.raises(Conflict):
        load_metrics(chosen(["llm_faithfulness"]), manuals.models)
