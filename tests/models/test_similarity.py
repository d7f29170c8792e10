from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.models.checker import OnnxChecker, read_head
from rag.models.claims import similarity
from rag.models.config import read_config
from rag.models.encoder import OnnxEncoder
from rag.models.registry import load_checker
from rag.models.runtime import RuntimeOptions
from rag.models.types import EncodedQuery
from rag.settings import Settings

CLAIM, SAME = (
    "Vaccines lower the risk of a severe illness.",
    "Immunisation reduces the danger of serious disease.",
)
OTHER = "The harbour of Rye was closed to sailing boats in May."


def test_like_texts_are_near(encoder: OnnxEncoder) -> None:
    claim, same, other = encoder.encode_queries([CLAIM, SAME, OTHER])
    near, far = similarity(claim, [other, same]).features, similarity(claim, [other]).features
    assert all(a > b for a, b in zip(near, far, strict=True))
    assert similarity(claim, [claim]).features == pytest.approx([1, 1, 1], abs=1e-3)


def test_an_encoder_without_token_vectors_will_not_do() -> None:
    item = EncodedQuery(np.ones(3, np.float32), None)
    with pytest.raises(ValueError, match="token vectors"):
        similarity(item, [item])


def test_the_shipped_checker_was_fitted_with_the_shipped_encoder(weights: Path, encoder: OnnxEncoder) -> None:
    assert read_config(weights / "checker").get("similarity_encoder", str) == encoder.info.revision


def test_another_encoder_is_not_listened_to(weights: Path, encoder: OnnxEncoder, tmp_path: Path) -> None:
    folder = tmp_path / "checker"
    shutil.copytree(weights / "checker", folder)
    config = json.loads((folder / "config.json").read_text())
    options = RuntimeOptions(threads=1)
    plain = OnnxChecker("c", folder, options).check([CLAIM], [[SAME]])[0].support
    listening = OnnxChecker("c", folder, options, encoder).check([CLAIM], [[SAME]])[0].support
    (folder / "config.json").write_text(json.dumps(config | {"similarity_encoder": "another"}))
    assert OnnxChecker("c", folder, options, encoder).check([CLAIM], [[SAME]])[0].support == plain
    assert listening != plain


def test_a_folder_from_before_needs_no_encoder(weights: Path, encoder: OnnxEncoder, tmp_path: Path) -> None:
    folder = tmp_path / "checker"
    shutil.copytree(weights / "checker", folder)
    config = json.loads((folder / "config.json").read_text())
    old = {key: value for key, value in config.items() if not key.startswith("similarity_")}
    (folder / "config.json").write_text(json.dumps(old))
    assert len(read_head(read_config(folder)).support) == 9
    verdict = OnnxChecker("c", folder, RuntimeOptions(threads=1), encoder).check([OTHER], [[OTHER]])[0]
    assert verdict.label == "supported"


def test_the_registry_finds_the_encoder_that_the_checker_wants(weights: Path, encoder: OnnxEncoder) -> None:
    settings = Settings(weights=weights, threads=1)
    alone = load_checker("footnote-checker", settings).check([CLAIM], [[SAME]])[0].support
    given = load_checker("footnote-checker", settings, encoder).check([CLAIM], [[SAME]])[0].support
    assert alone == pytest.approx(given, abs=1e-6)
    plain = (
        OnnxChecker("c", weights / "checker", RuntimeOptions(threads=1)).check([CLAIM], [[SAME]])[0].support
    )
    assert alone != pytest.approx(plain, abs=1e-6)
