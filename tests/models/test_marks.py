from __future__ import annotations

import numpy as np
from tokenizers import Tokenizer

from rag.models.checker import OnnxChecker
from rag.models.claims import MARK_FEATURES, mark_features
from rag.models.registry import weights_folder
from rag.models.runtime import load_tokenizer
from rag.settings import Settings


def tokenizer() -> Tokenizer:
    return load_tokenizer(weights_folder(Settings()) / "checker")


def test_a_word_is_as_bad_as_its_worst_token() -> None:
    claim = "Keenwyn rated pumps"
    item = tokenizer().encode(claim, add_special_tokens=False)
    words = item.word_ids
    count = len(words)
    assert words.count(0) > 1
    net = np.zeros(count, np.float32)
    net[1] = 5
    nearest = np.ones(count, np.float32)
    nearest[-1] = 0.25
    found = dict(
        zip(
            MARK_FEATURES, mark_features(claim, item, net, nearest, ["The pump has a rating."]).T, strict=True
        )
    )
    assert [found["word_net"][i] for i in range(count)] == [5.0 if w == 0 else 0.0 for w in words]
    assert found["far"].tolist() == [0.0] * (count - 1) + [0.75]
    assert found["missing"][-1] == 0
    assert found["missing"][0] == 1
    assert found["near_net"].max() == 1
    assert found["claim_net"].tolist() == [np.float32(5 / count)] * count
    assert found["near_far"].shape == (count,)


def test_a_claim_longer_than_the_checker_reads_keeps_its_marks_inside(
    checker: OnnxChecker,
) -> None:
    claim = "The harbour was closed in May 1877 by the council of Rye. " * 12
    verdict = checker.check([claim], [["The harbour was opened in June."]])[0]
    assert all(0 <= span.start < span.end <= len(claim) for span in verdict.unsupported_spans)
