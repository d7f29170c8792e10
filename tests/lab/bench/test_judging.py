"""Measuring the judges: labelled pairs, the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.metrics.registry import JUDGES
from lab.bench.judging import Pair, Row, cost_table, main, rank_table, read_pairs, samples
from rag.errors import InvalidInput
from rag.service import Service

ROWS: list[Row] = [
    {
        "question": question,
        "context": f"{answer} Nothing else is known about it.",
        "answer": answer,
    }
    for question, answer in (
        ("What pressure is the pump rated for?", "The pump is rated for 16 bar. It was built in 1990."),
        ("What are ropes made of?", "Ropes are made of polyester."),
        ("How much does the lamp draw?", "The lamp draws 25 watts."),
    )
]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_ranks_has_every_set_and_the_gain(manuals: Service) -> None:
    pairs = [Pair(asked["question"], said["answer"], asked is said) for asked in ROWS for said in ROWS]
    own, mean, gain = (cells(line) for line in rank_table({"own": pairs}, manuals.models).splitlines()[2:])
    assert own[:2] == ["own", "9"]
    assert own[-1] == "1.000"
    assert mean[-1] == "1.000 (1.000 – 1.000)"
    assert gain[0] == "judge less"


def test_costs_are_of_every_judge(manuals: Service) -> None:
    found = {cells(line)[0]: cells(line)[1:] for line in cost_table(ROWS, manuals.models).splitlines()[2:]}
    assert [*found] == [*JUDGES, "all"]
    assert all(float(value) >= 0 for values in found.values() for value in values)
    quoted, written = (samples(ROWS, kind)[0] for kind in (True, False))
    assert quoted.response == "The pump is rated for 16 bar. [1]"
    assert written.response == "The pump is rated for 16 bar. [1] It was built in 1990. [1][2]"
    assert len(written.contexts) == 5


def test_missing_data_has_a_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_pairs(tmp_path, 3)
    assert caught.value.code == "data_missing"
    assert main([str(tmp_path)]) == 1
    assert "data_missing" in capsys.readouterr().err
