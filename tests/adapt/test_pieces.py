"""The parts of an adaptation on their own: questions, labels, gradients, weights, the gate."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapt.gate import judge
from adapt.generate import Rarity, drafts, harder, unlike
from adapt.query_adapter import PENALTY, Examples, gradients, loss, train
from adapt.questions import from_payload, read_questions, to_payload
from adapt.types import Candidates, JudgedQuestion, UserQuestion
from adapt.weights import Weights, choose
from rag.errors import RagError
from rag.search.tuning import QueryAdapter
from rag.text.words import split_words
from rag.types import Chunk

TEXT = (
    "The relief valve of the pump opens by itself above eighteen bar of pressure. Before that, the operator "
    "hears a whistle from the outlet. Close the inlet at once and let the gearbox cool for an hour."
)
CHUNK = Chunk("id", "document", 0, 0, len(TEXT), None, ("Pump manual", "Relief valve"), TEXT)
RARITY = Rarity.of([TEXT, "The pump has a gearbox and an outlet.", "Pressure is measured in bar."])


def examples(rows: int, seed: int, *, shift: float = 0.0) -> Examples:
    """Queries whose right passage is the query moved by a map of rank one that all share."""
    dice = np.random.default_rng(seed)
    along, towards = np.random.default_rng(99).normal(size=(2, 24))
    queries = dice.normal(size=(rows, 24))
    moves = (queries @ along)[:, None] * towards
    passages = dice.normal(size=(rows, 6, 24))
    passages[:, 0] = queries + shift * moves
    passages[:, 1] = queries - shift * moves
    queries, passages = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (queries, passages))
    labels = np.tile(np.eye(6)[0], (rows, 1))
    return Examples(*(np.asarray(v, np.float32) for v in (queries, passages, labels, np.ones((rows, 6)))))


def test_the_slope_is_that_of_the_loss() -> None:
    given, dice = examples(5, 0, shift=0.5), np.random.default_rng(1)
    adapter = QueryAdapter(*(dice.normal(0, 0.2, s).astype(np.float32) for s in ((24, 3), (3, 24))))
    by_down, by_up = gradients(given, adapter)

    def penalised(one: QueryAdapter) -> float:
        moved = (given.queries @ one.down) @ one.up
        return loss(given, one) + PENALTY * float((moved**2).sum(axis=1).mean())

    for name, gradient in (("down", by_down), ("up", by_up)):
        step = np.zeros_like(gradient)
        step[1, 2] = 1e-2
        matrix = getattr(adapter, name)
        ahead = penalised(replace(adapter, **{name: matrix + step}))
        behind = penalised(replace(adapter, **{name: matrix - step}))
        assert gradient[1, 2] == pytest.approx((ahead - behind) / 2e-2, abs=2e-3)


def test_training_learns_a_shift_and_nothing_from_noise() -> None:
    learned = train(examples(200, 1, shift=0.6), examples(60, 2, shift=0.6), 0, lambda _: None)
    assert learned is not None
    unseen = examples(60, 3, shift=0.6)
    still = QueryAdapter(learned.down, np.zeros_like(learned.up))
    assert loss(unseen, learned) < 0.8 * loss(unseen, still)
    again = train(examples(200, 1, shift=0.6), examples(60, 2, shift=0.6), 0, lambda _: None)
    assert again is not None
    np.testing.assert_array_equal(learned.up, again.up)
    noise = train(examples(40, 4), examples(60, 5), 0, lambda _: None)
    assert noise is None or loss(examples(60, 6), noise) > 0.95 * loss(examples(60, 6), still)


def test_questions_are_made_of_the_passage_and_do_not_depend_on_the_run() -> None:
    made = list(drafts(CHUNK, "Pump manual", RARITY, random.Random("1"), lambda _: False))
    again = list(drafts(CHUNK, "Pump manual", RARITY, random.Random("1"), lambda _: False))
    assert made == again
    assert {one.kind for one in made} == {"heading", "phrases", "cloze"}
    known = {word.lower() for word in split_words(TEXT)} | {"pump", "manual"}
    for one in made:
        assert {word.lower() for word in split_words(one.text)} & known
        assert one.text.lower() not in TEXT.lower()


def test_a_question_that_words_alone_answer_is_made_harder() -> None:
    easy = "whistle from the outlet of the gearbox before pressure"
    assert "whistle" not in harder(easy, RARITY, lambda text: "whistle" in text)
    assert harder(easy, RARITY, lambda _: False) == easy
    assert len(harder(easy, RARITY, lambda _: True).split()) >= 3


def test_a_short_or_wordless_passage_is_not_asked_about() -> None:
    short = replace(CHUNK, text="| 1 | 2 | 3 |\n" * 20)
    assert list(drafts(short, "", RARITY, random.Random(0), lambda _: False)) == []
    assert unlike(["Red valve?", "valve red", "blue valve"]) == [True, False, True]


def candidates(dense: list[float], lexical: list[float], late: list[float], right: int) -> Candidates:
    question = JudgedQuestion("?", "d", frozenset({right}), frozenset(), "given", "train")
    keys = np.arange(len(dense), dtype=np.int64)
    return Candidates(
        question, np.zeros(2, np.float32), keys, *(np.array(v, np.float32) for v in (dense, lexical, late))
    )


def test_weights_follow_the_stage_that_knows_and_stay_where_nothing_is_gained() -> None:
    dice = np.random.default_rng(0)
    knowing, blind = [], []
    for _ in range(60):
        noise = [dice.normal(size=30).tolist() for _ in range(3)]
        right = int(dice.integers(30))
        told = list(noise[1])
        told[right] += 3
        knowing.append(candidates(noise[0], told, noise[2], right))
        blind.append(candidates(*noise, right))
    start = Weights(0.5, 0.75)
    assert choose(knowing, start, real=True, depth=100).lexical > 1
    assert choose(knowing, start, real=False, depth=100).lexical <= 1, "synthetic questions are not trusted"
    assert choose(blind, start, real=True, depth=100) == start
    assert choose(knowing, start, real=False, depth=100).late > 0


def test_the_gate_wants_a_sure_gain_over_both() -> None:
    dice = np.random.default_rng(0)
    plain = dice.uniform(0, 0.5, 100)
    present, better = plain + 0.1, plain + 0.2 + dice.normal(0, 0.05, 100)
    assert judge("weights", "", better, present, plain).accepted
    worse_than_plain = judge("weights", "", better, present, better + 0.01)
    assert not worse_than_plain.accepted
    assert "plain fusion" in worse_than_plain.reason
    unsure = judge("weights", "", present + dice.normal(0.01, 0.5, 100), present, plain - 1)
    assert not unsure.accepted
    assert "present" in unsure.reason
    assert judge("weights", "", better[:10], present[:10], plain[:10]).reason == "only 10 held-out questions"
    assert not judge("weights", "", better[:0], present[:0], plain[:0]).accepted


def test_questions_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    rows = '{"question": "How hot?", "source": "a.md", "x": 1}\n\n{"question": "Who?", "quote": "Ida"}\n'
    file.write_text(rows)
    found = read_questions(file)
    assert found == [UserQuestion("How hot?", "a.md"), UserQuestion("Who?", quote="Ida")]
    assert from_payload(to_payload(found)) == found
    assert from_payload(None) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"question": "Q?"}', "line 1: a source or a quote"),
        (b'{"question": " ", "source": "a"}', "line 1: the question is missing"),
        (b"\n[1]", "line 2: a question is an object"),
        (b'{"question": 3, "source": "a"}', "line 1: question must be a string"),
        (b"{", "line 1: not JSON"),
        (b"", "holds 0 questions"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_a_bad_file_of_questions_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_bytes(content)
    with pytest.raises(RagError, match=words) as error:
        read_questions(file)
    assert error.value.code == "questions_invalid"


def test_a_missing_file_of_questions_is_named(tmp_path: Path) -> None:
    with pytest.raises(RagError) as error:
        read_questions(tmp_path / "none.jsonl")
    assert error.value.code == "questions_not_found"
