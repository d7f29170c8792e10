"""Exact match and F1 of the real reader, and as SQuAD's own script counts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.cases import Case, read_questions
from eval.cases.case import Question
from eval.reading import exact_match, f1, normalise, score_reading
from rag.errors import InvalidInput
from rag.service import Service
from tests.cli.commands import invoke

PUMP = "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks."
ASKED = {"id": "a", "question": "What working pressure is the bilge pump rated for?"}
ANSWERS = [{"text": "16 bar", "answer_start": PUMP.index("16 bar")}]
SQUAD = {
    "data": [
        {
            "title": "Pump",
            "paragraphs": [
                {
                    "context": PUMP,
                    "qas": [
                        {**ASKED, "answers": ANSWERS, "is_impossible": False},
                        {
                            "id": "b",
                            "question": "Who won the chess world championship?",
                            "answers": [],
                            "is_impossible": True,
                        },
                    ],
                }
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("answers", "prediction", "exact", "overlap"),
    [
        (["16 bar"], "The 16 bar.", 1, 1),
        (["16 bar"], "of 16 bar", 0, 0.8),
        (["four", "16 bar"], "16 bar", 1, 1),
        (["16 bar"], "", 0, 0),
        ([], "", 1, 1),
        ([], "16 bar", 0, 0),
        (["the"], "", 1, 1),  # nothing is left of it: SQuAD drops such an answer
    ],
)
def test_measures_by_hand(answers: list[str], prediction: str, exact: float, overlap: float) -> None:
    assert exact_match(answers, prediction) == exact
    assert f1(answers, prediction) == pytest.approx(overlap)


def test_normalisation_is_squads() -> None:
    assert normalise("  The U.S.'s  “an Apple” ") == "uss “ apple”"


def test_the_reader_answers_and_stays_silent(manuals: Service, tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(SQUAD))
    found = score_reading(manuals.models.reader, read_questions(path), manuals.answerer.thresholds.answer)
    answered, silent = found.rows
    assert (answered.said, answered.exact) == ("16 bar", 1)
    assert (silent.said, silent.exact, silent.answerable) == ("", 1, False)
    assert silent.read, "what it would have said is kept"
    assert found.scores["has_answer"]["f1"].n == found.scores["no_answer"]["f1"].n == 1
    assert found.scores["all"]["exact_match"].mean == 1
    assert found.scores["always"]["f1"].mean == 1


def test_above_every_probability_it_says_nothing(manuals: Service) -> None:
    case = Question(Case(ASKED["question"], "16 bar", contexts=(PUMP,), type="fact"), ("16 bar",))
    found = score_reading(manuals.models.reader, [case], 1.1)
    assert found.scores["has_answer"]["f1"].mean == 0
    assert found.scores["always"]["f1"].mean == 1
    assert found.scores["type: fact"]["f1"].n == 1


def test_cases_without_passages_are_counted_and_none_is_an_error(manuals: Service) -> None:
    bare = Question(Case("a", "b"), ("b",))
    usable = Question(Case("a", "b", contexts=(PUMP,)), ("b",))
    assert score_reading(manuals.models.reader, [bare, usable], 0.5).left_out == 1
    with pytest.raises(InvalidInput) as caught:
        score_reading(manuals.models.reader, [bare], 0.5)
    assert caught.value.code == "cases_unreadable"


def test_the_commands(tmp_path: Path) -> None:
    path, out = tmp_path / "dev.json", tmp_path / "read.json"
    path.write_text(json.dumps(SQUAD))
    done = invoke("eval", "read", str(path), "--out", str(out), "--data", str(tmp_path / "data"))
    assert done.status == 0, done.err
    assert "| no_answer" in done.out
    assert [row["said"] for row in json.loads(out.read_text())["rows"]] == ["16 bar", ""]
    converted = invoke("eval", "cases", str(path), str(tmp_path / "c.csv"), "--to", "ragas", "--json")
    assert converted.json()["unanswerable"] == 1
    again = invoke("eval", "cases", str(tmp_path / "c.csv"), "--format", "ragas")
    assert "| unanswerable" in again.out
    wrong = invoke("eval", "cases", str(path), "--format", "magic")
    assert wrong.status == 1
    assert "cases_unsupported" in wrong.err
