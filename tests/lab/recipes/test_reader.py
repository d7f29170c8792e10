"""The reader's network, losses, data and measures beyond what the recipe's own test runs through."""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

from lab.recipes.loop import Budget
from lab.recipes.reader import coverage
from lab.recipes.reader.batches import (
    UNKNOWN,
    Mix,
    Pair,
    PassageCache,
    Question,
    Tokens,
    collate,
    draw,
    elsewhere,
    make_pair,
    pack,
    stream,
)
from lab.recipes.reader.coverage import Prediction
from lab.recipes.reader.data import load_clapnq, split_qa
from lab.recipes.reader.evidence import load_evidence
from lab.recipes.reader.export import build_reader
from lab.recipes.reader.fit import Case, cases, is_quoted, is_right
from lab.recipes.reader.net import ReaderNet
from lab.recipes.reader.pairs import load_pairs, load_topics, pack_pairs
from lab.recipes.reader.train import head_loss, list_loss, train
from lab.recipes.records import QaRow, Span
from rag.models.reader import OnnxReader, SpanCandidate
from rag.models.runtime import RuntimeOptions, load_tokenizer

PASSAGE = "The mill stood by the river. It was built in 1702 by monks. Fish are sold there."


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory, backbone: Path) -> Path:
    """A backbone of six narrow layers with the shipped tokenizer."""
    folder = tmp_path_factory.mktemp("deep")
    torch.manual_seed(0)
    config = BertConfig(hidden_size=32, num_hidden_layers=6, num_attention_heads=2, intermediate_size=64)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((backbone / "tokenizer.json").read_bytes())
    return folder


def body(folder: Path) -> BertModel:
    model: BertModel = BertModel.from_pretrained(str(folder), add_pooling_layer=False)
    return model


def example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    ids = torch.tensor([[101, 2054, 2003, 102, 2166, 1029, 2009, 102]])
    return ids, torch.ones_like(ids), torch.tensor([[0, 0, 0, 0, 1, 1, 1, 0]])


def test_a_depth_exports_what_its_head_says(deep: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = ReaderNet(body(deep)).eval()
    torch.save({"net": net.state_dict()}, tmp_path / "checkpoint.pt")
    cache = PassageCache(load_tokenizer(deep))
    asked, passage = cache.question("when was it built"), cache.get(PASSAGE).ids
    ids = torch.tensor([[101, *asked, 102, *passage, 102]])
    types = torch.tensor([[0] * (len(asked) + 2) + [1] * len(passage) + [0]])
    with torch.inference_mode():
        heads = net.exits(ids, torch.ones_like(ids), types)
    assert net.depths == (2, 3, 4, 6)
    build_reader(tmp_path, deep, tmp_path / "three", 3)
    reader = OnnxReader("r", tmp_path / "three", RuntimeOptions(threads=1))
    said = [float(relevance) for relevance, *_ in heads]
    assert min(abs(said[1] - other) for other in (said[0], *said[2:])) > 0.05
    read = reader.read("when was it built", [PASSAGE])
    assert read.relevance[0] == pytest.approx(said[1], abs=0.02)
    evidence = heads[1][3][0, len(asked) + 2 : -1].tolist()
    assert [mark.logit for mark in read.evidence[0]] == pytest.approx(evidence, abs=0.02)
    with pytest.raises(ValueError, match="layer 5"):
        build_reader(tmp_path, deep, tmp_path / "none", 5)


def test_the_deepest_head_is_what_the_network_says(deep: Path) -> None:
    net = ReaderNet(body(deep)).eval()
    last, called = net.exits(*example())[-1], net(*example())
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(last, called, strict=True))
    assert (called[1][0, 1:4] < -1e3).all()
    assert (called[1][0, [0, 4, 5, 6]] > -1e3).all()


def test_an_older_checkpoint_starts_every_head(deep: Path) -> None:
    net = ReaderNet(body(deep))
    head = {k: v for k, v in net.heads["6"].state_dict().items() if not k.startswith("evidence.")}
    older = {**{k: v for k, v in net.state_dict().items() if k.startswith("body.")}, **head}
    fresh = ReaderNet(body(deep))
    fresh.start_from(older)
    taken = fresh.state_dict()
    assert all(torch.equal(taken[f"heads.{d}.span.weight"], head["span.weight"]) for d in (2, 3, 4, 6))


def test_training_starts_from_given_weights_and_reaches_every_head(deep: Path, tmp_path: Path) -> None:
    cache = PassageCache(load_tokenizer(deep))
    passage = cache.get(PASSAGE)
    question = Question("q", cache.question("when was it built"), passage, [(11, 11)], [cache.get("No.")])
    start = ReaderNet(body(deep))
    torch.save({"net": start.state_dict()}, tmp_path / "start.pt")
    budget = Budget(minutes=5, max_steps=4, warmup=1e-9)
    train([question] * 8, deep, tmp_path / "run", budget, Mix(budget=600), start=tmp_path / "start.pt")
    after = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["net"]
    for depth in ("2", "3", "4", "6"):
        name = f"heads.{depth}.span.weight"
        moved = (after[name] - start.state_dict()[name]).abs().max()
        assert 0 < moved < 0.02


def test_a_title_is_on_top_of_every_window(deep: Path) -> None:
    cache = PassageCache(load_tokenizer(deep))
    text = " ".join(f"The hall of {n} was built by nobody." for n in range(30))
    passage = cache.below("Old halls", text)
    title = cache.get("Old halls").ids
    assert passage.head == len(title)
    question, dice = Question("q", [7], passage, [(90, 91)], []), random.Random(1)
    for _ in range(20):
        pair = make_pair(question, passage, (90, 91), 30, 0, dice)
        assert pair.ids[3 : 3 + len(title)] == title
        assert [pair.ids[pair.start], pair.ids[pair.end]] == passage.ids[90:92]
        assert len(pair.ids) == 30 + len(title) + 4
        assert pair.types == [0] * 3 + [1] * (30 + len(title)) + [0]


def test_another_window_of_the_passage_holds_no_answer(deep: Path) -> None:
    cache = PassageCache(load_tokenizer(deep))
    passage = cache.below("Old halls", f"{PASSAGE} It stands by the sea and is open to all. " * 3)
    answer = passage.ids[40:42]
    spans = [(n, n + 1) for n in range(len(passage.ids) - 1) if passage.ids[n : n + 2] == answer]
    question, dice = Question("q", [7], passage, spans, []), random.Random(1)
    drawn = [elsewhere(question, 20, 0, dice) for _ in range(40)]
    found = [pair for pair in drawn if pair]
    assert found
    for pair in found:
        assert (pair.start, pair.end, pair.relevant) == (0, 0, 0.0)
        assert not any(pair.ids[n : n + 2] == answer for n in range(len(pair.ids)))
    whole = Question("q", [7], passage, [(passage.head, len(passage.ids) - 1)], [])
    assert elsewhere(whole, 20, 0, dice) is None


def test_the_early_heads_can_be_left_alone(deep: Path, tmp_path: Path) -> None:
    cache = PassageCache(load_tokenizer(deep))
    question = Question("q", cache.question("when was it built"), cache.get(PASSAGE), [(11, 11)], [])
    start = ReaderNet(body(deep)).state_dict()
    torch.save({"net": start}, tmp_path / "start.pt")
    budget, mix = Budget(minutes=5, max_steps=4, warmup=1e-9), Mix(budget=600)
    train([question] * 8, deep, tmp_path, budget, mix, start=tmp_path / "start.pt", early_heads=False)
    after = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["net"]
    for depth in ("2", "3", "4"):
        assert torch.equal(after[f"heads.{depth}.span.weight"], start[f"heads.{depth}.span.weight"])
    assert not torch.equal(after["heads.6.span.weight"], start["heads.6.span.weight"])


def test_the_listwise_loss_is_softmax_within_each_question() -> None:
    relevance, group = torch.tensor([2.0, 0.0, 1.0, 5.0, 1.0, 3.0]), torch.tensor([0, 0, 0, 1, 2, 2])
    first = -math.log(math.exp(2) / (math.exp(2) + 1 + math.exp(1)))
    third = -math.log(math.exp(1) / (math.exp(1) + math.exp(3)))
    assert float(list_loss(relevance, group)) == pytest.approx((first + third) / 2, abs=1e-5)
    assert float(list_loss(relevance, torch.arange(6))) == 0


def test_an_unknown_place_teaches_relevance_only() -> None:
    nowhere = [UNKNOWN] * 5
    pairs = [Pair([101, 5, 102, 6, 102], [0, 0, 0, 1, 0], UNKNOWN, UNKNOWN, 1.0, 0, nowhere)] * 2
    other = Pair([101, 5, 102, 7, 102], [0, 0, 0, 1, 0], 3, 3, 1.0, 1, [*nowhere[:3], 1, UNKNOWN])
    batch = collate([*pairs, other])
    start, evidence = (torch.zeros(3, 5, requires_grad=True) for _ in range(2))
    relevance = torch.zeros(3, requires_grad=True)
    head_loss((relevance, start, start, evidence), batch).backward()  # type: ignore[no-untyped-call]
    assert evidence.grad is not None
    assert evidence.grad.nonzero().tolist() == [[2, 3]]
    assert start.grad is not None
    assert relevance.grad is not None
    assert not start.grad[:2].any()
    assert start.grad[2].any()
    assert (relevance.grad != 0).all()


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def test_pairs_use_judged_and_mined_negatives_and_no_test_split(tmp_path: Path, backbone: Path) -> None:
    judged = [
        {"question": "who won", "passage": "Ann won .", "label": 1, "split": "train"},
        {"question": "who won", "passage": "It rained .", "label": 0, "split": "train"},
        {"question": "who lost", "passage": "Bob lost .", "label": 1, "split": "test"},
        {"question": "who lost", "passage": "It snowed .", "label": 0, "split": "test"},
    ]
    write(tmp_path / "pairs" / "wikiqa.jsonl.gz", judged)
    topics = [(f"illness{n}", kind) for n in range(8) for kind in ("causes", "symptoms")]
    mined = [
        {"question": f"what are the {kind} of {name}", "passage": f"The {kind} of {name} are known.",
         "focus": name, "qtype": kind, "split": "none"}
        for name, kind in topics
    ]  # fmt: skip
    write(tmp_path / "pairs" / "medquad.jsonl.gz", mined)
    pairs = load_pairs(tmp_path, keep=2)
    assert [(p.question, p.passage, p.wrong) for p in pairs if p.source == "wikiqa"] == [
        ("who won", "Ann won .", ("It rained .",))
    ]
    medical = [p for p in pairs if p.source == "medquad"]
    assert len(medical) > 8
    assert all(len(p.wrong) == 2 and p.passage not in p.wrong for p in medical)
    packed = pack_pairs(pairs, PassageCache(load_tokenizer(backbone)))
    assert packed[0].evidence == [(0, 2)]
    assert packed[-1].evidence is None
    drawn = draw(packed[0], 0, Mix(relevance_counts=(0.0, 1.0)), random.Random(1))
    assert [(p.relevant, p.start) for p in drawn] == [(1.0, UNKNOWN), (0.0, 0)]


def test_the_sentence_around_an_answer_is_evidence(backbone: Path) -> None:
    cache = PassageCache(load_tokenizer(backbone))
    at = PASSAGE.index("1702")
    rows = [QaRow("q", "train", "", "when was it built", PASSAGE, (Span(at, at + 4),))]
    question = pack(rows, [["Fish are sold there."]], cache)[0]
    own, other = draw(question, 0, Mix(negative_counts=(0.0, 1.0)), random.Random(1))
    offsets = question.passage.offsets
    first = len(question.ids) + 2
    told = [offsets[n - first] for n, mark in enumerate(own.evidence) if mark == 1]
    assert PASSAGE[told[0][0] : told[-1][1]] == "It was built in 1702 by monks."
    assert set(own.evidence[:first]) == {UNKNOWN}
    assert set(other.evidence) == {0, UNKNOWN}


def test_evidence_sets_are_split_by_page_and_point_at_their_sentences(tmp_path: Path) -> None:
    page = {"title": "a", "sentences": ["One is here.", " Two is there."], "supporting_sentences": [1]}
    plain = {"title": "b", "sentences": ["Three."], "supporting_sentences": []}
    asked = {"question": "where is two", "paragraphs": [page, plain], "split": "sample_train"}
    tested = {**asked, "split": "sample_test"}
    write(tmp_path / "qa" / "hotpotqa_distractor_sample.jsonl.gz", [asked, tested])
    told = {"context": "x", "sentences": ["A b .", "C d ."], "supporting_sentences": [1], "label": "yes"}
    rows = [{**told, "group": f"text{n}", "question": f"what is d {n}"} for n in range(40)]
    write(tmp_path / "qa" / "multirc_valtest.jsonl.gz", [*rows, *rows])
    claims = [
        {"claim": f"Claim {n}", "evidence": ["E f .", f"G h {n} ."], "supporting_sentences": [[0], []],
         "group": f"page{n}"}
        for n in range(40)
    ]  # fmt: skip
    write(tmp_path / "ground" / "fever_eraser.jsonl.gz", claims)
    yes = [{"question": "is it", "context": "It is.", "split": split} for split in ("test", "dev")]
    write(tmp_path / "qa" / "boolq.jsonl.gz", yes)
    found = load_evidence(tmp_path)
    everything = [*found.train, *(item for held in found.held.values() for item in held)]
    said = {(i.source, i.passage[s.start : s.end]) for i in everything for s in i.evidence or ()}
    assert said == {("hotpotqa", "Two is there."), ("multirc", "C d."), ("fever_eraser", "E f.")}
    assert sum(item.source == "multirc" for item in everything) == 40
    trained = {(item.source, item.question, item.passage) for item in found.train}
    held = {(item.source, item.question, item.passage) for items in found.held.values() for item in items}
    assert {source for source, _, _ in held} == {"hotpotqa", "boolq", "multirc", "fever_eraser"}
    assert not {t for t in trained & held if t[0] in ("multirc", "fever_eraser")}
    assert all(item.passage not in item.wrong for item in found.train)
    assert next(item for item in found.train if item.source == "hotpotqa").wrong == ("Three.",)
    assert all(len(item.wrong) == 4 for item in found.train if item.source == "fever_eraser")


def test_a_source_comes_as_often_as_the_mix_says(data: Path, backbone: Path) -> None:
    rows = split_qa(data).train
    questions = pack(rows, [[] for _ in rows], PassageCache(load_tokenizer(backbone)))
    twice = Mix(
        budget=10**6, negative_counts=(1.0,), elsewhere=0.0, weights=(("qed_nq", 2.0), ("nq_open", 0.0))
    )
    batch = next(stream(questions, twice, seed=1))
    assert len(batch.ids) == 2 * sum(row.source == "qed_nq" for row in rows)
    listed = Mix(budget=2000, negative_counts=(0.0, 0.0, 1.0), elsewhere=0.0)
    lots = [Question(q.source, q.ids, q.passage, q.spans, [Tokens([5], [(0, 1)])] * 3) for q in questions]
    for found in islice(stream(lots, listed, seed=1), 3):
        assert found.relevant.view(-1, 3).tolist() == [[1.0, 0.0, 0.0]] * (len(found.relevant) // 3)


def test_some_cases_have_no_answer_and_quotes_count_by_sentence(data: Path) -> None:
    rows = split_qa(data).dev * 20
    made = cases(rows, [["One.", "Two.", "Three.", "Four.", "Five."]] * len(rows), seed=1)
    share = sum(case.gold >= 0 for case in made) / len(made)
    assert 0.65 < share < 0.85
    assert all(len(case.passages) == 5 for case in made)
    case = Case("when", ["Nothing here.", PASSAGE], 1, ["1702"])
    span = PASSAGE.index("built in")
    near = SpanCandidate(1, span, span + len("built"), 0, 0, 0)
    assert is_quoted(case, near)
    assert not is_right(case, near)
    assert not is_quoted(case, SpanCandidate(1, 0, 8, 0, 0, 0))
    assert not is_quoted(case, SpanCandidate(0, 0, 7, 0, 0, 0))


def test_coverage_and_risk_of_a_known_list() -> None:
    predictions = [
        Prediction(0.9, True), Prediction(0.8, True), Prediction(0.6, False), Prediction(0.4, True),
        Prediction(0.2, False),
    ]  # fmt: skip
    found = coverage.at_accuracy(predictions[::-1], 0.75, fewest=1)
    assert found is not None
    assert (found.threshold, found.coverage) == (0.4, 0.8)
    assert coverage.at_accuracy(predictions, 0.75, fewest=5) is None
    assert coverage.at_accuracy(predictions[2:], 0.75, fewest=1) is None
    assert coverage.at_threshold(predictions, 0.5) == (0.6, pytest.approx(2 / 3))
    assert math.isnan(coverage.at_threshold(predictions, 1.0)[1])
    many = [Prediction(n / 100, n % 100 > 30) for n in range(100)]
    rising = coverage.thresholds(many, (0.5, 0.8, 0.9, 1.0))
    assert rising.tolist() == sorted(rising.tolist())
    assert coverage.at_threshold(many, rising[1])[1] >= 0.8
    assert coverage.thresholds(predictions, (0.5,)).tolist() == [1.0], "five answers are too few"
    assert ">a &amp; b<" in coverage.svg([("a & b", many)])


def test_clapnq_evidence_is_located(tmp_path: Path) -> None:
    sentence = "It was built in 1702 by monks."
    row: dict[str, object] = {"question": "q", "title": "t", "context": PASSAGE}
    rows = [{**row, "selected_sentences": [sentence]}, {**row, "selected_sentences": []}]
    write(tmp_path / "ground" / "clapnq_dev.jsonl.gz", rows)
    first, second = load_clapnq(tmp_path)
    assert PASSAGE[first.spans[0].start : first.spans[0].end] == sentence
    assert second.spans == ()


def test_titles_and_headings_ask_for_the_text_below_them(tmp_path: Path) -> None:
    body = "This text is long enough to be read, since it says what it says more than once. " * 2
    corpus = [
        {"_id": "1", "title": "On the growth of apples", "text": "Apples grow. " + body},
        {"_id": "2", "title": "On the growth of pears", "text": "Pears grow. " + body},
        {"_id": "3", "title": "", "text": body},
        {"_id": "4", "title": "On nothing at all", "text": "Short."},
    ]
    write(tmp_path / "beir" / "scifact" / "corpus.jsonl.gz", corpus)
    page = f"---\ntitle: x\n---\n# Index settings\n{{: .label }}\n{body}\n"
    page += f"## How to [close](a.md) it\n**Close** it. {body}\n"
    (tmp_path / "docs" / "opensearch").mkdir(parents=True)
    (tmp_path / "docs" / "opensearch" / "a.md").write_text(page)
    found = {item.question: item for item in load_topics(tmp_path)}
    assert set(found) == {
        "On the growth of apples", "On the growth of pears", "Index settings: How to close it",
    }  # fmt: skip
    assert found["Index settings: How to close it"].passage.startswith("Close it. This text")
    assert found["On the growth of apples"].wrong == (found["On the growth of pears"].passage,)
    assert all(item.evidence is None for item in found.values())
