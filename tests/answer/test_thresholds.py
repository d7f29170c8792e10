"""From the share of answers to be right to the probability that the reader has to reach."""

from __future__ import annotations

from pathlib import Path

from rag.answer.engine import Engine
from tests.answer.conftest import settings_for


def test_the_accuracy_asked_for_sets_the_least_probability(engine: Engine, tmp_path: Path) -> None:
    least = []
    for accuracy in (0.6, 0.8, 0.95):
        with Engine(settings_for(tmp_path, answer_accuracy=accuracy), engine.store) as opened:
            least.append(opened.thresholds.answer)
            assert opened.thresholds.answer == opened.reader.threshold(accuracy)
            assert opened.thresholds.alone >= opened.thresholds.answer
    assert least == sorted(least)
    assert least[0] < least[-1]


def test_a_probability_of_ones_own_goes_first(engine: Engine, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, answer_accuracy=0.95, answer_threshold=0.05)
    with Engine(settings, engine.store) as opened:
        assert opened.thresholds.answer == 0.05
