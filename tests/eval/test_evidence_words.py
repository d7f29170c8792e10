"""Evidence in retrieved passages, and references in answers, word by word."""

from __future__ import annotations

import asyncio

import pytest
from ragas.dataset_schema import SingleTurnSample

from eval.metrics.evidence import coverage_of
from eval.metrics.ragas import ContextTokenPrecision, ContextTokenRecall, ReferenceRecall

EVIDENCE = "The bilge pump is rated for sixteen bar, and not more."
PASSAGE = f"Pumps are checked weekly. {EVIDENCE} Its filter is cleaned at the quay."


def test_evidence_inside_a_longer_passage_is_found_whole() -> None:
    found = coverage_of([EVIDENCE], [PASSAGE, "Ropes are made of polyester."])
    assert found.recall == 1
    assert found.precision == pytest.approx(11 / (22 + 5))


def test_evidence_that_was_cut_in_two_is_found_where_both_parts_are() -> None:
    halves = [EVIDENCE[:28], EVIDENCE[28:]]
    assert coverage_of([EVIDENCE], halves).recall == 1
    assert coverage_of([EVIDENCE], halves[:1]).recall == pytest.approx(6 / 11)


def test_words_in_common_are_no_evidence() -> None:
    assert coverage_of([EVIDENCE], ["The pump and the filter are not for sale."]).recall == 0


def test_case_and_punctuation_do_not_matter_and_short_evidence_counts_whole() -> None:
    assert coverage_of(["16 BAR!"], ["It is rated for 16 bar."]).recall == 1


def test_nothing_gives_nothing() -> None:
    assert coverage_of([EVIDENCE], []).recall == 0
    assert coverage_of([], [PASSAGE]).precision == 0


def test_as_ragas_metrics_in_both_interfaces() -> None:
    sample = SingleTurnSample(retrieved_contexts=[PASSAGE], reference_contexts=[EVIDENCE])
    assert asyncio.run(ContextTokenRecall().single_turn_ascore(sample)) == 1
    columns = {"retrieved_contexts": [PASSAGE], "reference_contexts": [EVIDENCE]}
    assert ContextTokenPrecision().score(**columns).value == pytest.approx(0.5)


def test_an_answer_that_holds_the_reference_is_right_whatever_stands_around_it() -> None:
    score = ReferenceRecall().score
    assert score(response="It is rated for 16 Bar, always.", reference="The 16 bar").value == 1
    assert score(response="It is rated for 16 volts.", reference="16 bar").value == 0.5
    assert score(response="Two.", reference="two two").value == 0.5
    assert score(response="", reference="16 bar").value == 0
    sample = SingleTurnSample(response="polyester ropes", reference="Polyester")
    assert asyncio.run(ReferenceRecall().single_turn_ascore(sample)) == 1
