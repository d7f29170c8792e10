"""The question bench on a folder of two files and a scorer of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lab.bench.questions import Outcome, main, table

SCORE = """
def judge(question, result):
    if not question["answerable"]:
        return ("right" if result["abstained"] else "wrong"), None, None
    if result["abstained"]:
        return "abstained", 0.0, None
    good = question["must"] in result["answer"] and question["source"] in result["sources"]
    return ("right" if good else "wrong"), 1.0, good
"""


def test_it_ingests_asks_and_judges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lunch.md").write_text("# Canteen\n\nLunch costs 8 euros. Guests pay 11 euros.\n")
    (folder / "LICENSE").write_text("Do as you like.\n")
    questions = [
        {"type": "number", "question": "How much do guests pay for lunch?", "answerable": True,
         "must": "11 euros", "source": "lunch.md"},
        {"type": "unanswerable", "question": "Who is the king of Spain?", "answerable": False},
        {"type": "number", "question": "Not asked, as its folder is not given", "answerable": True},
    ]  # fmt: skip
    for number, (one, where) in enumerate(zip(questions, ("docs", "docs", "other"), strict=True)):
        one |= {"id": str(number), "folder": where}
    (tmp_path / "q.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in questions))
    (tmp_path / "score.py").write_text(SCORE)
    data, out = tmp_path / "data", tmp_path / "out"
    given = ["questions", str(tmp_path / "q.jsonl"), "--folder", f"docs={folder}"]
    monkeypatch.setattr(sys, "argv", [*given, "--data", str(data), "--out", str(out), "--set", "threads=1"])
    main()
    asked = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    assert [one["id"] for one in asked] == ["0", "1"]
    assert [one["outcome"] for one in asked] == ["right", "right"]
    assert asked[0]["sources"] == ["lunch.md"]
    assert "| number | 1 | 100% |" in (out / "table.md").read_text()
    assert "processor seconds a question" in capsys.readouterr().out


def test_the_table_tells_types_apart() -> None:
    def one(kind: str, outcome: str, *, answerable: bool = True, words: int = 4) -> Outcome:
        silent = outcome == "abstained"
        return Outcome("x", kind, answerable, outcome, "q", "a", silent, (), None, words, 0.1)

    lines = table([one("list", "right"), one("list", "abstained"), one("why", "wrong", words=9)]).splitlines()
    assert lines[2] == "| list | 2 | 50% | 0% | 0% | 50% | 4 |"
    assert lines[3] == "| why | 1 | 0% | 0% | 100% | 0% | 9 |"
    assert lines[4].startswith("| **answerable** | 3 | 33% |")
