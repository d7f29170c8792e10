"""The shipped models, loaded once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.models.checker import OnnxChecker
from rag.models.encoder import OnnxEncoder
from rag.models.reader import OnnxReader
from rag.models.registry import weights_folder
from rag.models.runtime import RuntimeOptions
from rag.settings import Settings


@pytest.fixture(scope="session")
def weights() -> Path:
    return weights_folder(Settings())


@pytest.fixture(scope="session")
def encoder(weights: Path) -> OnnxEncoder:
    return OnnxEncoder("footnote-encoder", weights / "encoder", RuntimeOptions(threads=1))


@pytest.fixture(scope="session")
def reader(weights: Path) -> OnnxReader:
    return OnnxReader("footnote-reader", weights / "reader", RuntimeOptions(threads=1))


@pytest.fixture(scope="session")
def checker(weights: Path, encoder: OnnxEncoder) -> OnnxChecker:
    return OnnxChecker("footnote-checker", weights / "checker", RuntimeOptions(threads=1), encoder)
