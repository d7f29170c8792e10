"""The RAGAS classes: in RAGAS' own evaluate, with the real checker and encoder."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ragas import EvaluationDataset, SingleTurnSample, evaluate
from ragas.metrics.base import SimpleBaseMetric
from ragas.metrics.result import MetricResult

import eval.metrics.ragas
from eval.metrics.judge import NotJudgeable, Sample
from eval.metrics.ragas.llm import EncoderEmbeddings
from eval.metrics.ragas.metrics import METRICS, AnswerRelevancy, BertScore, Faithfulness, WholeTextBleu
from eval.metrics.registry import JUDGES, load_judges
from rag.service import Service

QUESTION = "What is the pump rated for?"
ROPE = "Ropes are made of polyester."
CONTEXT = "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks."
TRUE = "The pump is rated for 16 bar."
INVENTED = "The pump was painted in Venice by a famous artist."


def sample(response: str, reference: str | None = None) -> SingleTurnSample:
    return SingleTurnSample(
        user_input=QUESTION,
        retrieved_contexts=[ROPE, CONTEXT],
        response=response,
        reference=reference,
    )


def scored(metric: object, response: str, reference: str | None = None) -> float:
    return float(asyncio.run(metric.single_turn_ascore(sample(response, reference))))  # type: ignore[attr-defined]


def test_each_metric_is_its_judge(manuals: Service) -> None:
    judges = load_judges(tuple(JUDGES), manuals.models)
    for kind in METRICS:
        metric = kind(judges[kind.judged])
        assert metric.name == kind.judged
        judged = judges[kind.judged](Sample(QUESTION, f"{TRUE} [2]", (ROPE, CONTEXT), "16 bar"))
        assert scored(metric, f"{TRUE} [2]", "16 bar") == judged
        assert 0 < judged <= 1
    assert {kind.judged for kind in METRICS} == set(JUDGES)


def test_nothing_said_and_nothing_retrieved_score_zero(manuals: Service) -> None:
    judges = load_judges(tuple(JUDGES), manuals.models)
    for kind in METRICS:
        metric = kind(judges[kind.judged])
        empty = SingleTurnSample(user_input=QUESTION, retrieved_contexts=[], response=" ", reference="16 bar")
        assert asyncio.run(metric.single_turn_ascore(empty)) == 0
    faithful = Faithfulness(judges["faithfulness"])
    assert faithful.score(response=TRUE, retrieved_contexts=[]).value == 0
    assert faithful.score(response="", retrieved_contexts=[CONTEXT]).reason == "The response is empty."


def test_a_missing_column_is_an_error_that_names_it(manuals: Service) -> None:
    judges = load_judges(tuple(JUDGES), manuals.models)
    with pytest.raises(NotJudgeable, match="reference") as caught:
        scored(BertScore(judges["bert_score"]), TRUE)
    assert caught.value.code == "no_reference"
    with pytest.raises(NotJudgeable, match="response"):
        AnswerRelevancy(judges["answer_relevancy"]).score(user_input=QUESTION)


def test_the_keyword_interface(manuals: Service) -> None:
    """That of RAGAS 0.4's collections: MetricResult, one by one or in a batch."""
    judges = load_judges(("faithfulness", "answer_relevancy"), manuals.models)
    metric = Faithfulness(judges["faithfulness"])
    row = {"user_input": QUESTION, "response": TRUE, "retrieved_contexts": [CONTEXT]}
    rows = [row, row | {"response": INVENTED}]
    assert isinstance(metric, SimpleBaseMetric)
    assert isinstance(metric.score(**row), MetricResult)
    assert [result.value for result in metric.batch_score(rows)] == [1, 0]
    assert (
        asyncio.run(AnswerRelevancy(judges["answer_relevancy"]).ascore(user_input=QUESTION, response=TRUE))
        > 0.5
    )
    assert metric.validate_result_value(1.0) is None


def test_in_ragas_evaluate_with_no_arguments() -> None:
    dataset = EvaluationDataset([sample(TRUE, "16 bar"), sample(INVENTED, "16 bar"), sample("", "16 bar")])
    with pytest.warns(DeprecationWarning, match="evaluate"):
        result = evaluate(
            dataset,
            [kind() for kind in METRICS],
            show_progress=False,
            raise_exceptions=True,
            allow_nest_asyncio=False,
        )
    assert result["faithfulness"] == [1, 0, 0]
    for name in JUDGES:
        assert np.isfinite(result[name]).all()
    assert result["answer_relevancy"][0] > result["answer_relevancy"][1]


NO_NETWORK = """
import runpy, sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print("NETWORK", event, arguments, flush=True)
        raise OSError("the network is off")

sys.addaudithook(refuse)
found = runpy.run_path(sys.argv[1])
result = found["evaluate"](found["DATASET"], metrics=found["METRICS"], show_progress=False)
import json
print(json.dumps(result.scores))
"""


def test_the_stock_script_needs_no_llm_and_no_network() -> None:
    secret = ("KEY", "TOKEN", "FOOTNOTE_", "RAGAS_")
    environment = {
        name: value for name, value in os.environ.items() if not any(part in name for part in secret)
    }
    root = Path(__file__).parents[2]
    script = str(root / "samples" / "ragas_script.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NO_NETWORK, script],
        env=environment | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stdout
    rows = json.loads(done.stdout.splitlines()[-1], parse_constant=pytest.fail)
    assert len(rows) == 4
    assert set(JUDGES) <= rows[0].keys()
    assert rows[0]["faithfulness"] == 1 > rows[1]["faithfulness"]
    assert rows[0]["answer_relevancy"] > rows[2]["answer_relevancy"] + 0.3


def test_every_class_can_be_imported_from_the_package() -> None:
    for name in eval.metrics.ragas.__all__:
        assert callable(getattr(eval.metrics.ragas, name))
    with pytest.raises(AttributeError, match="Nothing"):
        _ = eval.metrics.ragas.Nothing


def test_metrics_and_embeddings_share_one_encoder() -> None:
    assert EncoderEmbeddings()._encoder is EncoderEmbeddings()._encoder


def in_a_new_process(code: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "RAGAS_DO_NOT_TRACK"}
    command = [sys.executable, "-c", f"import os\n{code}"]
    return subprocess.check_output(command, text=True, env={**kept, **environment}).splitlines()[-1]


def test_importing_the_package_leaves_the_environment_alone() -> None:
    assert in_a_new_process("import eval.metrics.ragas\nprint('RAGAS_DO_NOT_TRACK' in os.environ)") == "False"


@pytest.mark.parametrize(
    "first",
    [
        "from eval.metrics.ragas import Faithfulness",
        "from eval.metrics.ragas.metrics import BertScore; BertScore()",
        "from eval.metrics.ragas.load import load_metrics; load_metrics([], None)",
    ],
)
def test_telemetry_is_off(first: str) -> None:
    code = f"{first}\nfrom ragas._analytics import do_not_track\nprint(do_not_track())"
    assert in_a_new_process(code) == "True"
    assert in_a_new_process(code, RAGAS_DO_NOT_TRACK="false") == "False", "what the user has set stays"


def test_bleu_of_short_and_of_long_answers() -> None:
    metric = WholeTextBleu()
    assert scored(metric, "16 bar", "16 bar") == 1
    assert scored(metric, f"{TRUE} {INVENTED}", f"{TRUE} {INVENTED}") == 1
    assert scored(metric, f"{TRUE} {INVENTED}", TRUE) < 0.9, "what follows the first sentence counts"
    assert scored(metric, INVENTED, TRUE) < 0.3


def test_embeddings_are_the_encoders(manuals: Service) -> None:
    embeddings = EncoderEmbeddings(manuals.models.encoder)
    pump, press, rope = np.array(embeddings.embed_texts([TRUE, "The pump withstands 16 bar.", "Buy a rope."]))
    assert np.linalg.norm(pump) == pytest.approx(1, abs=1e-3)
    assert pump @ press > pump @ rope + 0.2
    assert np.array(asyncio.run(embeddings.aembed_text(TRUE))) @ pump > 0.98


def test_no_file_of_this_package_shadows_ragas() -> None:
    import ragas

    assert "site-packages" in Path(str(ragas.__file__)).parts
