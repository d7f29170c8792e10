"""The layout holds: imports run one way, a vendor stays in its file, and serving needs no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("rag", "jobs", "ingest", "adapt", "eval", "footnote", "api")
VENDORS = {
    "faiss": ("rag/index/faiss.py",),
    "tantivy": ("rag/index/tantivy.py",),
    "qdrant_client": ("rag/index/qdrant.py",),
    "unstructured": ("ingest/parse/",),
    "pypdfium2": ("ingest/parse/",),
    "openpyxl": ("ingest/parse/xlsx.py",),
    "pptx": ("ingest/parse/slides.py",),
    "xlrd": ("ingest/parse/xls.py",),
    "rapidocr": ("ingest/parse/ocr.py",),
    "striprtf": ("ingest/parse/text.py",),
    "filetype": ("ingest/media_types.py",),
    "haystack": ("rag/answer/llm.py", "footnote/haystack/"),
    "ragas": ("eval/metrics/ragas/", "eval/runs/score.py"),
    "torch": (
        "adapt/export.py",
        "adapt/finetune.py",
        "adapt/network.py",
        "adapt/quantise.py",
        "rag/models/torch.py",
    ),
    "sentence_transformers": ("adapt/", "rag/models/torch.py"),
    "transformers": ("adapt/", "rag/models/torch.py"),
    "dbos": ("jobs/queues.py",),
    "fsspec": ("ingest/remote.py",),
    "pathspec": ("ingest/patterns.py",),
    "watchfiles": ("api/cli/watch.py",),
    "detect_secrets": ("ingest/curate/secrets.py",),
    "ftfy": ("ingest/curate/quality.py",),
    "phonenumbers": ("ingest/curate/personal.py",),
    "py3langid": ("ingest/curate/language.py",),
    "stdnum": ("ingest/curate/personal.py",),
    "fastapi": ("api/",),
    "openai": ("rag/answer/llm.py", "eval/metrics/ragas/llm.py"),
    "instructor": ("eval/metrics/ragas/llm.py",),
}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_a_vendor_stays_where_it_belongs(vendor: str) -> None:
    homes = VENDORS[vendor]
    strays = [p for p, tree in _sources() if vendor in _imports(tree) and not p.startswith(homes)]
    assert not strays


def test_imports_run_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_types_need_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "rag" / "types.py").read_text())
    assert _imports(tree) <= set(sys.stdlib_module_names)


def test_serving_loads_no_torch() -> None:
    code = "import sys, api.http.app, ingest.handler; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"  # noqa: E501
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_what_is_no_code_is_packaged_too() -> None:
    """A wheel without a model's weights would install and then fail at the first question."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = config["package-data"]["*"]
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    others = [path for path in files if path.suffix not in (".py", ".pyc")]
    assert any(path.name == "weights.bin" for path in others)
    assert [str(p) for p in others if not any(fnmatch(p.name, pattern) for pattern in patterns)] == []
