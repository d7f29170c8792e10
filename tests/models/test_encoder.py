from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.models.encoder import OnnxEncoder
from rag.models.late import maxsim, unpack
from rag.models.runtime import Precision, RuntimeOptions

TEXTS = [
    "The pump is rated for 16 bar.",
    "Paris is the capital of France.",
    "Leave may be carried over. " * 60,
    "x",
]


@pytest.mark.parametrize(("precision", "least"), [("float", 0.9999), ("int8", 0.98)])
def test_golden_vectors(weights: Path, precision: Precision, least: float) -> None:
    golden = json.loads((weights / "encoder" / "golden.json").read_text())
    encoder = OnnxEncoder("e", weights / "encoder", RuntimeOptions(threads=1, precision=precision))
    for text, dense, token in zip(golden["texts"], golden["dense"], golden["first_token"], strict=True):
        found = encoder.encode_queries([text])[0]
        assert found.tokens is not None
        assert float(found.dense @ np.array(dense, np.float32)) > least
        assert float(found.tokens[0] @ np.array(token, np.float32)) > least - 0.01


def test_shapes_and_lengths(encoder: OnnxEncoder) -> None:
    info = encoder.info
    for query, passage in zip(encoder.encode_queries(TEXTS), encoder.encode_passages(TEXTS), strict=True):
        assert query.dense.shape == passage.dense.shape == (info.dimension,)
        assert abs(float(np.linalg.norm(query.dense)) - 1) < 1e-4
        assert query.tokens is not None
        assert passage.tokens is not None
        assert query.tokens.shape[1] == unpack(passage.tokens).shape[1] == info.token_dimension
    assert info.parameters < 35_000_000


def test_nothing_and_empty_texts(encoder: OnnxEncoder) -> None:
    assert encoder.encode_passages([]) == []
    empty = encoder.encode_passages(["", "   "])
    assert all(np.isfinite(item.dense).all() for item in empty)


def test_long_texts_are_cut_not_refused(encoder: OnnxEncoder) -> None:
    long, longer = encoder.encode_passages(["word " * 3000, "word " * 4000])
    assert float(long.dense @ longer.dense) > 0.999


def test_meaning_beats_wording(encoder: OnnxEncoder) -> None:
    query = encoder.encode_queries(["How many days off can I keep for next year?"])[0]
    passages = encoder.encode_passages(
        [
            "Unused vacation may be transferred into the following year, up to five days.",
            "How many people live in Paris?",
        ]
    )
    assert query.dense @ passages[0].dense > query.dense @ passages[1].dense
    assert query.tokens is not None
    scores = maxsim(query.tokens, [item.tokens for item in passages if item.tokens is not None])
    assert scores[0] > scores[1]


def test_token_spans_are_offsets_into_the_text(encoder: OnnxEncoder) -> None:
    text = "Überdruck: 16,5 bar — naïve 東京 😀 ok"
    spans = encoder.token_spans(text)
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "")
    assert spans == sorted(spans)
    assert len(encoder.token_spans("word " * 3000)) == 3000


def test_many_threads_share_one_encoder(weights: Path) -> None:
    encoder = OnnxEncoder("e", weights / "encoder", RuntimeOptions(threads=1, precision="float"))
    alone = encoder.encode_queries(TEXTS)
    gate = threading.Barrier(4)

    def work(_: int) -> list[float]:
        gate.wait()
        return [float(a.dense @ b.dense) for a, b in zip(encoder.encode_queries(TEXTS), alone, strict=True)]

    with ThreadPoolExecutor(4) as pool:
        for cosines in pool.map(work, range(4)):
            assert min(cosines) > 0.9999
