"""From the share of answers to be right to the confidence that they have to reach."""

from __future__ import annotations

from pathlib import Path

from rag.answer.select import threshold
from rag.service import Service, open_service
from tests.answer.conftest import settings_for


def test_the_accuracy_asked_for_sets_the_least_probability(service: Service, tmp_path: Path) -> None:
    least = []
    for accuracy in (0.6, 0.8, 0.95):
        with open_service(settings_for(tmp_path, answer_accuracy=accuracy), service.store) as opened:
            least.append(opened.answerer.thresholds.answer)
            assert opened.answerer.thresholds.answer == threshold(accuracy)
            assert opened.answerer.thresholds.alone >= opened.answerer.thresholds.answer
    assert least == sorted(least)
    assert least[0] < least[-1]


def test_a_probability_of_ones_own_goes_first(service: Service, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, answer_accuracy=0.95, answer_threshold=0.05)
    with open_service(settings, service.store) as opened:
        assert opened.answerer.thresholds.answer == 0.05
