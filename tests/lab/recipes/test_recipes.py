"""Every recipe from raw rows to a weights folder that the runtime loads."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from adapt.export import write_encoder
from adapt.network import load_backbone, load_tokenizer, token_vectors
from lab.recipes.checker.batches import pack_claim
from lab.recipes.checker.batches import stream as checker_stream
from lab.recipes.checker.export import write_checker
from lab.recipes.checker.fit import WORDS, Examples, features_of, fit_head
from lab.recipes.checker.net import CheckerNet
from lab.recipes.checker.train import make_net, training_rows
from lab.recipes.checker.train import train as train_checker
from lab.recipes.encoder.projection import Fit, Lists, fit_projection, maxsim, pooled
from lab.recipes.golden import write_golden
from lab.recipes.loop import Budget, rate
from lab.recipes.reader.batches import Mix, PassageCache, Question, pack, stream
from lab.recipes.reader.data import split_qa
from lab.recipes.reader.export import build_reader
from lab.recipes.reader.fit import ACCURACIES, cases, fit, write_fit
from lab.recipes.reader.mine import Embedder, holds_answer, in_order, mine
from lab.recipes.reader.train import train as train_reader
from rag.models import late
from rag.models.checker import NET_FEATURES, OnnxChecker
from rag.models.claims import ALIGNMENT_FEATURES
from rag.models.encoder import OnnxEncoder
from rag.models.reader import OnnxReader
from rag.models.runtime import RuntimeOptions

QUICK = Budget(minutes=5, max_steps=12, learning_rate=1e-3, head_rate=1e-3)
FLOAT = RuntimeOptions(threads=1, precision="float")


@pytest.fixture(scope="module")
def questions(data: Path, backbone: Path) -> list[Question]:
    splits = split_qa(data)
    mined = mine(splits, Embedder(backbone), keep=4)
    return pack(splits.train, in_order(mined, "train", splits.train), PassageCache(load_tokenizer(backbone)))


@pytest.fixture(scope="module")
def reader(questions: list[Question], backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, out = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("reader")
    assert train_reader(questions, backbone, run, replace(QUICK, max_steps=40)).step == 40
    build_reader(run, backbone, out)
    return out


def test_negatives_never_hold_the_answer(data: Path, backbone: Path) -> None:
    splits = split_qa(data)
    found = in_order(mine(splits, Embedder(backbone), keep=3), "train", splits.train)
    for row, wrong in zip(splits.train, found, strict=True):
        assert len(wrong) == 3 or row.source == "nq_open_oracle"
        assert not any(holds_answer(row, text) or text == row.context for text in wrong)


def test_batches_point_at_the_answers(questions: list[Question], backbone: Path) -> None:
    tokenizer, batches = load_tokenizer(backbone), stream(questions, Mix(budget=600), seed=5)
    answers = 0
    for batch, _ in zip(batches, range(4), strict=False):
        assert batch.ids.numel() <= 600
        for ids, start, end, relevant in zip(batch.ids, batch.start, batch.end, batch.relevant, strict=True):
            text = tokenizer.decode(ids[int(start) : int(end) + 1].tolist())
            assert (text.isdigit() and 1500 <= int(text) < 1800) == bool(relevant)
            answers += int(relevant)
    assert answers


def test_the_reader_recipe_learns_and_exports(reader: Path, data: Path, questions: list[Question]) -> None:
    model = OnnxReader("tiny", reader, FLOAT)
    row = split_qa(data).dev[0]
    result = model.read(row.question, [row.context, "Nothing."])
    assert all(r.text in (row.context, "Nothing.")[r.passage] for r in result.readings)
    held = cases(split_qa(data).dev * 3, [["Fish are sold there."]] * 30, seed=1)
    fitted = fit(model, held)
    fits = (fitted.answer_weights, fitted.quote_weights, fitted.presence_weights)
    assert [len(weights) for weights in fits] == [7, 7, 3]
    assert np.isfinite([*fitted.answer_weights, *fitted.presence_weights]).all()
    assert (np.diff(fitted.thresholds) >= 0).all()
    write_fit(reader, fitted)
    again = OnnxReader("tiny", reader, FLOAT)
    assert again.threshold(ACCURACIES[0]) == pytest.approx(fitted.thresholds[0], abs=1e-3)
    write_golden(reader)
    assert json.loads((reader / "golden.json").read_text())["passages"]


def test_training_resumes_where_it_stopped(questions: list[Question], backbone: Path, tmp_path: Path) -> None:
    first = train_reader(questions, backbone, tmp_path, replace(QUICK, max_steps=3))
    second = train_reader(questions, backbone, tmp_path, replace(QUICK, max_steps=5))
    assert (first.step, second.step) == (3, 5)
    assert second.elapsed > first.elapsed
    assert train_reader(questions, backbone, tmp_path, replace(QUICK, max_steps=5)).step == 5


def test_the_rate_warms_up_and_ends_at_nothing() -> None:
    assert rate(0, 0.1) == 0
    assert rate(0.1, 0.1) == 1
    assert rate(0.55, 0.1) == pytest.approx(0.5)
    assert rate(1, 0.1) == rate(1.5, 0.1) == 0


def test_the_checker_recipe_learns_and_exports(data: Path, backbone: Path, tmp_path: Path) -> None:
    cache = PassageCache(load_tokenizer(backbone))
    rows = training_rows(data, 60, seed=1)
    claims = [pack_claim(row, cache) for row in rows]
    drawn = list(islice(checker_stream(claims, 800, seed=1), 12))
    assert all(batch.ids.shape == batch.token_labels.shape for batch in drawn)
    assert {-1, 0, 1} == {mark for batch in drawn for mark in batch.token_labels.unique().tolist()}
    first = make_net(backbone)
    assert train_checker(claims, first, tmp_path / "run", QUICK, tokens=800).step == 12
    again = make_net(backbone, [tmp_path / "run"] * 2)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    net = CheckerNet(load_backbone(backbone))
    net.load_state_dict(torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["net"])
    write_checker(net.eval(), backbone, tmp_path / "out", {})
    checker = OnnxChecker("tiny", tmp_path / "out", FLOAT)
    plain = features_of(checker, None, rows)
    assert plain.shape == (len(rows), WORDS) == (len(rows), len(NET_FEATURES) + len(ALIGNMENT_FEATURES))
    write_encoder(
        load_backbone(backbone), torch.eye(64)[:, :16].clone(), backbone, tmp_path / "enc", pooling=2
    )
    both = features_of(checker, OnnxEncoder("tiny", tmp_path / "enc", FLOAT), rows)
    assert np.array_equal(both[:, :WORDS], plain)
    for features in (plain, both):
        heads = fit_head(Examples(rows, features))
        assert len(heads.support) == len(heads.contradiction) == features.shape[1] + 1
        assert 0 <= heads.threshold <= 1
    write_golden(tmp_path / "out")


def test_the_float_graph_is_the_network(backbone: Path, tmp_path: Path) -> None:
    body = load_backbone(backbone).eval()
    write_encoder(body, torch.eye(64)[:, :16].clone(), backbone, tmp_path, pooling=2)
    encoder = OnnxEncoder("tiny", tmp_path, FLOAT)
    text = "The bridge was built in 1500 by the guild."
    ids = torch.tensor([load_tokenizer(backbone).encode(text).ids])
    with torch.inference_mode():
        hidden = body(ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
    dense = torch.nn.functional.normalize(hidden.mean(0), dim=-1).numpy()
    found = encoder.encode_queries([text])[0]
    assert float(found.dense @ dense) > 0.999
    assert found.tokens is not None
    assert found.tokens.shape[1] == encoder.info.token_dimension == 16
    integers = OnnxEncoder("tiny", tmp_path, RuntimeOptions(threads=1, precision="int8")).encode_queries(
        [text]
    )[0]
    assert float(integers.dense @ dense) > 0.98
    graphs = [(tmp_path / name).read_bytes() for name in ("model.onnx", "model.int8.onnx")]
    assert not any(b".py" in graph or b"Traceback" in graph for graph in graphs)


def test_the_fitted_projection_beats_its_start(questions: list[Question], data: Path, backbone: Path) -> None:
    rows = split_qa(data).train[:24]
    model, tokenizer = load_backbone(backbone).eval(), load_tokenizer(backbone)
    asked = token_vectors(model, tokenizer, [row.question for row in rows], 48)
    there = token_vectors(model, tokenizer, [row.context for row in rows], 64)
    lists = Lists(asked, there, [[i] for i in range(len(rows))])
    few, many = (fit_projection(lists, Fit(dimension=8, steps=n, batch=8)) for n in (1, 40))
    teacher = maxsim([q.float() for q in asked], [p[1:-1].float() for p in there])

    def gap(matrix: torch.Tensor) -> float:
        small = [torch.nn.functional.normalize(q.float() @ matrix, dim=-1) for q in asked]
        packed = [pooled(torch.nn.functional.normalize(p[1:-1].float() @ matrix, dim=-1), 2) for p in there]
        scores = torch.log_softmax(maxsim(small, packed) * 40, -1)
        return float(
            torch.nn.functional.kl_div(scores, torch.softmax(teacher * 40, -1), reduction="batchmean")
        )

    assert gap(many) < gap(few)


def test_training_and_runtime_agree_on_maxsim_and_pooling() -> None:
    rng = np.random.default_rng(1)
    query, passage = (
        late.unit(rng.normal(size=(4, 16)).astype("f4")),
        late.unit(rng.normal(size=(9, 16)).astype("f4")),
    )
    there = maxsim([torch.tensor(query)], [pooled(torch.tensor(passage), 2)])
    here = late.maxsim(query, [late.pack(late.pool(passage, 2))])
    assert float(there[0, 0]) == pytest.approx(float(here[0]), abs=2e-3)
