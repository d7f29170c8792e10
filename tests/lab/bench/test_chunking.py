from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab.bench.chunking.__main__ import main
from lab.bench.chunking.report import Sample, Way, against, draw
from lab.bench.chunking.scores import Question, Retrieved, Scores, load, score
from lab.bench.chunking.splitters import Tokens, aligned, fixed, recursive
from rag.errors import InvalidInput
from rag.service import Service
from rag.types import Span

TEXT = (
    "The Tern is a ferry. She carries twelve cars.\nHer crew is four.\n\n"
    + "The Puffin is older and slower, and carries neither cars nor coaches but only those who walk. " * 3
)


def words(text: str) -> list[tuple[int, int]]:
    """Spans of the words: tokens that can be counted by eye."""
    spans, at = [], 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        spans.append((start, at))
    return spans


def test_fixed_windows_hold_so_many_tokens_and_overlap_by_so_many() -> None:
    tokens = Tokens("a b c d e f g", words)
    assert [(p.start, p.end) for p in fixed(tokens, 3)] == [(0, 5), (6, 11), (12, 13)]
    assert [(p.start, p.end) for p in fixed(tokens, 3, 1)] == [(0, 5), (4, 9), (8, 13)]


def test_the_recursive_splitter_cuts_at_the_largest_gap_that_it_can() -> None:
    tokens = Tokens(TEXT, words)
    passages = recursive(tokens, 9)
    found = [TEXT[p.start : p.end] for p in passages]
    assert found[:2] == ["The Tern is a ferry. She carries twelve cars.", "Her crew is four."]
    assert all(tokens.count(p.start, p.end) <= 9 for p in passages)
    assert "".join("".join(piece.split()) for piece in found) == "".join(TEXT.split())


def test_an_overlap_repeats_the_end_of_the_passage_before() -> None:
    tokens = Tokens("one two three four five six seven eight", words)
    found = recursive(tokens, 4, 2)
    assert [tokens.text[p.start : p.end] for p in found] == [
        "one two three four", "three four five six", "five six seven eight",
    ]  # fmt: skip


def test_a_parsed_text_is_found_again_in_the_raw_one() -> None:
    assert aligned("a b\n\nc", "a  b c") == [0, 1, 3, 4, 4, 5]
    assert aligned("don't", r"don\'t") == [0, 1, 2, 4, 5]
    with pytest.raises(InvalidInput) as error:
        aligned("abx", "abc")
    assert error.value.code == "not_aligned"


def test_evidence_counts_once_and_everything_else_as_often_as_it_comes() -> None:
    tokens = {"a": Tokens("0 1 2 3 4 5 6 7 8 9", words), "b": Tokens("x y z", words)}
    question = Question("?", "a", (Span(4, 7), Span(10, 11)))  # tokens 2, 3 and 5
    found = [Retrieved("a", 0, 7), Retrieved("a", 4, 7), Retrieved("b", 0, 5)]  # 0 1 2 3, 2 3, x y z
    assert score(question, found, tokens) == Scores(2 / 3, 2 / 9, 2 / 10, 9)
    assert score(question, [], tokens) == Scores(0.0, 0.0, 0.0, 0)


def sample(way: Way, tokens: int, recall: float) -> Sample:
    return Sample(way, tokens, "fused", 1, tokens, (Scores(recall, 0.5, 0.5, tokens),) * 3)


def test_two_ways_are_compared_at_the_same_number_of_tokens() -> None:
    others = [sample("fixed", 100, 0.6), sample("fixed", 200, 0.8)]
    found = against(sample("footnote", 150, 0.75), others)
    assert found is not None
    assert found.recall.mean == pytest.approx(0.05)
    assert against(sample("footnote", 250, 0.9), others) is None, "nothing to compare with"


def test_the_picture_is_well_formed() -> None:
    samples = [sample("fixed", 100, 0.6), sample("fixed", 900, 0.95), sample("recursive", 200, 0.5)]
    picture = draw(samples, "fused")
    texts = [text.text for text in ElementTree.fromstring(picture).findall(".//{*}text")]
    assert {"fixed", "recursive", "tokens retrieved"} <= set(texts)
    assert draw(samples, "fused") == picture, "the same data give the same file"


def test_a_folder_that_holds_no_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        load(tmp_path)
    assert error.value.code == "invalid_dataset"


def test_the_command_compares_ways_on_a_folder(
    tmp_path: Path, manuals: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ships.md").write_text(TEXT)
    evidence = TEXT.index("She carries"), TEXT.index("\nHer")
    question = {
        "question": "How many cars?",
        "corpus": "ships",
        "references": [{"start_index": evidence[0], "end_index": evidence[1]}],
    }
    (tmp_path / "questions.jsonl").write_text(json.dumps(question) + "\n")
    arguments = [str(tmp_path), "--half", "all", "--sizes", "32", "--stages", "fused", "--work"]
    arguments += [
        str(tmp_path / "work"),
        "--out",
        str(tmp_path / "out.json"),
        "--svg",
        str(tmp_path / "p.svg"),
    ]
    assert main([*arguments, "--ways", "footnote", "recursive-overlap", "fixed"]) == 0
    assert "| footnote" in capsys.readouterr().out
    found = json.loads((tmp_path / "out.json").read_text())
    assert [one["recall"]["mean"] for one in found["samples"]] == [1.0, 1.0, 1.0]
    assert (tmp_path / "p.svg").read_text().startswith("<svg")
