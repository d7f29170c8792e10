"""Reading evaluation cases: what is accepted, and which error what is not gets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.cases import Case, parse_case, read_cases
from eval.cases.case import content_id
from rag.errors import InvalidInput, NotFound


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def bare(cases: list[Case]) -> list[Case]:
    """The cases without the ids that were made for them."""
    return [replace(case, id=None) if case.id == content_id(case) else case for case in cases]


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {
            "question": "Wie hoch?",
            "reference": "16 bar",
            "relevant_sources": ["a.md", "b.md"],
            "contexts": ["x"],
        },
        {"question": "Only a question", "id": 7},
        {"question": "Short names", "answer": "yes", "source": "a.md"},
    ]
    path = written(tmp_path, "cases.jsonl", "\ufeff" + "\n\n".join(json.dumps(row) for row in rows))
    assert bare(read_cases(path)) == [
        Case("Wie hoch?", "16 bar", ("a.md", "b.md"), ("x",)),
        Case("Only a question", id="7"),
        Case("Short names", "yes", ("a.md",)),
    ]


def test_csv(tmp_path: Path) -> None:
    text = (
        "question,reference,relevant_sources,contexts\r\n"
        '"What, and why?",Because,a.md | b.md,"One passage, with | and comma"\r\n'
        'Second,,"[""a|b.md""]","[""p"", ""q""]"\r\n'
    )
    assert bare(read_cases(written(tmp_path, "cases.csv", text))) == [
        Case("What, and why?", "Because", ("a.md", "b.md"), ("One passage, with | and comma",)),
        Case("Second", None, ("a|b.md",), ("p", "q")),
    ]


@pytest.mark.parametrize(
    ("name", "text", "code", "says"),
    [
        ("cases.jsonl", "", "cases_empty", "no case"),
        ("cases.jsonl", '{"question": "a"}\n{"question": ', "cases_invalid", "line 2"),
        ("cases.jsonl", "[1]", "cases_invalid", "line 1"),
        ("cases.jsonl", '{"reference": "a"}', "cases_invalid", "question is missing"),
        ("cases.jsonl", '{"question": "  "}', "cases_invalid", "question is missing"),
        ("cases.jsonl", '{"question": 3}', "cases_invalid", "question must be a string"),
        ("cases.jsonl", '{"question": "a", "refrence": "b"}', "cases_invalid", "did you mean 'reference'"),
        ("cases.jsonl", '{"question": "a", "contexts": [1]}', "cases_invalid", "contexts"),
        ("cases.csv", "question\n", "cases_empty", "no case"),
        ("cases.csv", "question,reference\na,b,c\n", "cases_invalid", "line 2"),
        ("cases.csv", "question,reference\na\n", "cases_invalid", "line 2"),
        ("cases.csv", "question,contexts\na,[1\n", "cases_invalid", "contexts"),
        ("cases.txt", "question", "cases_unsupported", ".txt"),
    ],
)
def test_each_mistake_has_a_code_and_says_where(
    tmp_path: Path, name: str, text: str, code: str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        read_cases(written(tmp_path, name, text))
    assert caught.value.code == code


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_bytes(b'{"question": "\xff"}')
    with pytest.raises(InvalidInput) as caught:
        read_cases(tmp_path / "cases.jsonl")
    assert caught.value.code == "cases_invalid"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        read_cases(tmp_path / "none.jsonl")
    assert caught.value.code == "cases_not_found"


def test_a_callers_row_is_left_as_it_was() -> None:
    row = {"question": "a", "answer": "b"}
    parse_case(row, "cases[0]")
    assert row == {"question": "a", "answer": "b"}
