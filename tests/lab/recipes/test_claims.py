from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from lab.recipes.checker.data import is_check, load_qa_claims, split_claims, statement, without
from lab.recipes.checker.reword import (
    fold,
    join_next,
    lead_in,
    name_subject,
    replace_synonyms,
    respell,
    reword,
)
from lab.recipes.checker.synthetic import strengthen, swap_number_word, swap_pair, swap_verb
from lab.recipes.checker.train import training_rows


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def more(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny data folder with the sources that have no train part, and with question sets."""
    folder = tmp_path_factory.mktemp("more")
    for kind in ("qa", "nli", "ground"):
        (folder / kind).mkdir()
        for path in (data / kind).iterdir():
            (folder / kind / path.name).symlink_to(path)
    climate: list[dict[str, object]] = [
        {"premise": f"Evidence {n} of {n % 3}.", "hypothesis": f"Claim {n // 5}", "group": str(n // 5),
         "label": "neutral", "split": "none", "source": "climate_fever"}
        for n in range(200)
    ]  # fmt: skip
    write_rows(folder / "nli" / "climate_fever.jsonl.gz", climate)
    begin: list[dict[str, object]] = [
        {"context": f"Fact {n // 4}.", "message": "Tell me.", "response": f"It is {n}.", "label":
         "entailment", "split": "test", "source": "begin_v1"}
        for n in range(160)
    ]  # fmt: skip
    write_rows(folder / "ground" / "begin_v1.jsonl.gz", begin)
    multirc: list[dict[str, object]] = [
        {"sentences": [f"Ann has {n} dogs.", "She lives in Rye."], "question": "Who has dogs ?", "candidate":
         "Ann",
         "label": "yes" if n % 2 else "no", "supporting_sentences": [0], "group": f"t{n}", "split": "val",
         "source": "multirc_eraser"}
        for n in range(40)
    ]  # fmt: skip
    write_rows(folder / "qa" / "multirc_valtest.jsonl.gz", multirc)
    boolq: list[dict[str, object]] = [
        {"context": f"Rye {n} is a town.", "question": f"is rye {n} a town", "label": "yes", "split": "dev"}
        for n in range(40)
    ]
    write_rows(folder / "qa" / "boolq.jsonl.gz", boolq)
    tales: list[dict[str, object]] = [
        {"title": "The Fox", "context": f"Part {n}. The fox ran away.", "question": "What did the fox do?",
         "free_answers": ["It ran away as fast as it could."], "sections": [str(n)], "split": split}
        for n in range(20) for split in ("train", "val")
    ]  # fmt: skip
    write_rows(folder / "qa" / "fairytaleqa.jsonl.gz", tales)
    return folder


def test_sources_without_a_train_part_are_halved_by_group(more: Path) -> None:
    splits = split_claims(more)
    for source in ("climate_fever", "begin_v1"):
        held = {row.group for row in splits.checks[source]}
        seen = {row.group for row in splits.train + splits.calibrate if row.source == source}
        assert held
        assert seen
        assert not held & seen
    evidence = {s for rows in splits.checks.values() for row in rows for s in row.sentences if len(s) > 30}
    assert not any(evidence & set(row.sentences) for row in splits.train)
    assert not any(is_check(row) for row in splits.train)


def test_a_source_that_is_left_out_is_never_seen(more: Path) -> None:
    rows = training_rows(more, 20, seed=1, left_out=("climate", "fever"))
    assert {"begin_v1", "synthetic", "snli"} <= {row.source for row in rows}
    assert not {row.source for row in rows} & {"climate_fever", "fever_eraser", "fever_dev"}
    assert without(rows, ()) == rows


def test_question_sets_become_claims(more: Path) -> None:
    rows = {
        name: [r for r in load_qa_claims(more) if r.source == name]
        for name in ("multirc", "boolq", "fairytaleqa")
    }
    assert {(r.claim, r.label) for r in rows["multirc"]} == {
        ("Ann has dogs.", "entailment"), ("Ann has dogs.", "not_entailment"),
    }  # fmt: skip
    assert {(r.claim.split("? ")[1], r.label) for r in rows["boolq"]} == {
        ("Yes.", "entailment"), ("No.", "contradiction"),
    }  # fmt: skip
    assert len(rows["fairytaleqa"]) == 20
    for row in rows["fairytaleqa"]:
        assert row.label in ("entailment", "neutral")


@pytest.mark.parametrize(
    ("question", "answer", "claim"),
    [
        ("who won the cup in 1974", "ajax", "Ajax won the cup in 1974."),
        ("What is the capital of France?", "Paris.", "Paris is the capital of France."),
        ("when did the war end", "1945", "When did the war end? 1945."),
        ("who did Ann marry ?", "Bob", "Who did Ann marry? Bob."),
    ],
)
def test_a_question_with_its_answer_is_a_sentence(question: str, answer: str, claim: str) -> None:
    assert statement(question, answer) == claim


def test_rewording_keeps_the_meaning() -> None:
    assert fold("In 1990, the team won the cup.") == "The team won the cup in 1990."
    assert fold("The team won.") == "The team won."
    page = "Ann Lee (born 1950) is a painter. She lives in Rye."
    assert name_subject("She lives in Rye.", "Ann_Lee (painter)", page) == "Ann Lee lives in Rye."
    assert name_subject("She lives in Rye.", "Bob", page) == "She lives in Rye."
    assert respell("It has three doors.") == "It has 3 doors."
    assert replace_synonyms("The film was huge.", random.Random(1)) == "The movie was very large."
    assert "it ended" in lead_in("It ended.", random.Random(2)) or "It ended" in lead_in(
        "It ended.", random.Random(2)
    )
    assert join_next(["A."], ["B."]) == ["A.", "B."]


def test_rewording_changes_something_sooner_or_later() -> None:
    words = ["In", "1990,", "the", "three", "large", "films", "were", "mainly", "shown."]
    made = {" ".join(reword(words, "Film", "Film is", random.Random(n))) for n in range(40)}
    assert len(made) > 5


def test_planted_errors_of_relation_predicate_and_strength() -> None:
    rng = random.Random(1)
    pair = swap_pair(["In", "1990", "Ajax", "of", "Holland", "beat", "Juventus", "of", "Italy."], rng)
    assert pair is not None
    assert sum(pair.unsupported) == 2
    assert sorted(" ".join(pair.words).replace(".", "").split()) == sorted(
        ["In", "1990", "Ajax", "of", "Holland", "beat", "Juventus", "of", "Italy"]
    )
    assert swap_pair(["They", "saw", "Ann", "and", "Bob."], rng) is None
    verb = swap_verb(["The", "team", "crossed", "the", "river."], ["crossed", "drained"], rng)
    assert verb is not None
    assert " ".join(verb.words) == "The team drained the river."
    assert swap_verb(["The", "team", "ran."], ["drained"], rng) is None
    strong = strengthen(["It", "may", "rain."], rng)
    assert strong is not None
    assert " ".join(strong.words) == "It will rain."
    number = swap_number_word(["It", "has", "three", "doors."], rng)
    assert number is not None
    assert number.words[2] != "three"
    assert number.unsupported == [False, False, True, False]
    assert swap_number_word(["It", "has", "one", "door."], rng) is None
