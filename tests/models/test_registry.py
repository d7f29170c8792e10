from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from rag.errors import ModelError
from rag.models import registry
from rag.models.registry import describe, load_checker, load_encoder, load_reader
from rag.settings import Settings


@pytest.fixture
def settings(weights: Path) -> Settings:
    return Settings(weights=weights, threads=1)


def test_the_shipped_models_describe_themselves(settings: Settings) -> None:
    infos = describe(settings)
    assert [(i.name, i.role) for i in infos] == [
        ("footnote-encoder", "encoder"),
        ("footnote-reader", "reader"),
        ("footnote-checker", "checker"),
    ]
    assert all(len(i.revision) == 12 and 0 < i.parameters <= 35_000_000 for i in infos)


def test_all_three_load_and_work_in_two_seconds(settings: Settings) -> None:
    start = time.process_time()
    load_encoder("footnote-encoder", settings).encode_queries(["a question"])
    load_reader("footnote-reader", settings).read("who?", ["Ann did it."])
    load_checker("footnote-checker", settings).check(["Ann did it."], [["Ann did it."]])
    assert time.process_time() - start < 2


def test_any_folder_with_a_model_will_do(settings: Settings, weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "mine"
    shutil.copytree(weights / "encoder", copy)
    encoder = load_encoder(str(copy), settings)
    assert encoder.info.name == str(copy)
    assert encoder.info.revision == load_encoder("footnote-encoder", settings).info.revision


def test_a_missing_shipped_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="footnote-reader") as caught:
        load_reader("footnote-reader", Settings(weights=tmp_path))
    assert caught.value.code == "model_not_found"


def test_a_model_of_another_role_is_refused(settings: Settings, weights: Path) -> None:
    with pytest.raises(ModelError, match=r"not a reader") as caught:
        load_reader(str(weights / "encoder"), settings)
    assert caught.value.code == "model_invalid"


def test_an_unknown_checker_is_not_found(settings: Settings) -> None:
    with pytest.raises(ModelError) as caught:
        load_checker("nowhere/to-be-found", settings)
    assert caught.value.code == "model_not_found"


def test_the_reader_multiplies_integers_where_that_is_fast_and_nobody_objects(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings.model_copy(update={"precision": "float"})
    passages = ["Ann did it.", "Nobody knows who did what to whom, or when."]
    scores = {}
    for fast in (True, False):
        monkeypatch.setattr(registry, "has_dot_products", lambda fast=fast: fast)
        scores[fast] = load_reader("footnote-reader", settings).relevance("who?", passages)
        assert registry.options_of(settings).precision == "float"
        told_scores = load_reader("footnote-reader", told).relevance("who?", passages)
        assert told_scores.tolist() == scores.setdefault("told", told_scores).tolist()
    assert scores[False].tolist() == scores["told"].tolist()
    assert scores[True].tolist() != scores[False].tolist()
    assert scores[True] == pytest.approx(scores[False], abs=1.5)
