"""The RAGAS classes: in RAGAS' own evaluate, with the real checker and encoder."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from eval.ragas.bleu import WholeTextBleu
from eval.ragas.embeddings import EncoderEmbeddings
from eval.ragas.faithfulness import CheckerFaithfulness
from rag.answer.engine import Engine

from ragas import EvaluationDataset, SingleTurnSample, evaluate  # isort: skip - eval.ragas first turns telemetry off

CONTEXT = "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks."
TRUE = "The pump is rated for 16 bar."
INVENTED = "The pump was painted in Venice by a famous artist."


def sample(response: str, reference: str | None = None) -> SingleTurnSample:
    return SingleTurnSample(
        user_input="What is the pump rated for?",
        retrieved_contexts=["Ropes are made of polyester.", CONTEXT],
        response=response,
        reference=reference,
    )


def scored(metric: object, response: str, reference: str | None = None) -> float:
    return float(asyncio.run(metric.single_turn_ascore(sample(response, reference))))  # type: ignore[attr-defined]


def test_faithfulness_is_the_share_of_supported_sentences(manuals: Engine) -> None:
    metric = CheckerFaithfulness(check=manuals.check)
    assert scored(metric, TRUE) == 1
    assert scored(metric, INVENTED) == 0
    assert scored(metric, f"{TRUE} {INVENTED}") == 0.5


def test_faithfulness_of_nothing_is_an_error_not_a_number(manuals: Engine) -> None:
    with pytest.raises(ValueError, match="no sentence"):
        scored(CheckerFaithfulness(check=manuals.check), " ")


def test_in_a_stock_ragas_script() -> None:
    """No argument: the shipped checker is loaded by RAGAS' own call of init."""
    dataset = EvaluationDataset([sample(TRUE), sample(INVENTED)])
    with pytest.warns(DeprecationWarning, match="evaluate"):
        result = evaluate(
            dataset,
            [CheckerFaithfulness()],
            show_progress=False,
            raise_exceptions=True,
            allow_nest_asyncio=False,
        )
    assert result["faithfulness"] == [1, 0]


def test_telemetry_is_off() -> None:
    from ragas._analytics import do_not_track

    assert os.environ["RAGAS_DO_NOT_TRACK"] == "true"
    assert do_not_track()


def test_bleu_of_short_and_of_long_answers() -> None:
    metric = WholeTextBleu()
    assert scored(metric, "16 bar", "16 bar") == 1
    assert scored(metric, f"{TRUE} {INVENTED}", f"{TRUE} {INVENTED}") == 1
    assert scored(metric, f"{TRUE} {INVENTED}", TRUE) < 0.9, "what follows the first sentence counts"
    assert scored(metric, INVENTED, TRUE) < 0.3


def test_embeddings_are_the_encoders(manuals: Engine) -> None:
    embeddings = EncoderEmbeddings(manuals.encoder)
    pump, press, rope = np.array(embeddings.embed_texts([TRUE, "The pump withstands 16 bar.", "Buy a rope."]))
    assert np.linalg.norm(pump) == pytest.approx(1, abs=1e-3)
    assert pump @ press > pump @ rope + 0.2
    assert np.array(asyncio.run(embeddings.aembed_text(TRUE))) @ pump > 0.98


def test_no_file_of_this_package_shadows_ragas() -> None:
    import ragas

    assert "site-packages" in Path(str(ragas.__file__)).parts
