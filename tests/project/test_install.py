"""Every declared dependency and extra can be imported, and the pins cover them."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORT_NAMES = {
    "faiss-cpu": "faiss",
    "haystack-ai": "haystack",
    "import-linter": "importlinter",
    "langchain-community": "langchain_community",
    "markdown-it-py": "markdown_it",
    "pillow": "PIL",
    "pytest-xdist": "xdist",
    "python-multipart": "python_multipart",
    "python-oxmsg": "oxmsg",
    "python-pptx": "pptx",
    "python-stdnum": "stdnum",
    "pyyaml": "yaml",
    "rouge-score": "rouge_score",
    "scikit-learn": "sklearn",
    "types-pyyaml": None,  # stubs for mypy only
}


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower()


def _requirements() -> list[str]:
    extras = PROJECT["optional-dependencies"].values()
    return sorted({_name(r) for group in [PROJECT["dependencies"], *extras] for r in group})


@pytest.mark.parametrize("requirement", _requirements())
def test_each_declared_dependency_can_be_imported(requirement: str) -> None:
    module = IMPORT_NAMES.get(requirement, requirement.replace("-", "_"))
    if module is not None:
        importlib.import_module(module)


def test_constraints_pin_every_declared_dependency() -> None:
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0].lower())
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    missing = [r for r in _requirements() if re.sub(r"[-_.]+", "-", r) not in pinned]
    assert not missing


def test_the_base_install_has_no_torch() -> None:
    base = {_name(r) for r in PROJECT["dependencies"]}
    assert not base & {"torch", "transformers", "sentence-transformers"}


def test_the_ci_runs_the_readme_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()
    assert "make demo" in (ROOT / "README.md").read_text()
