"""The README's map has a line for every folder of code, and none for a folder that is gone."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "rag/models/weights": "rag/models",
    "rag/store/migrations": "rag/store",
    "eval/metrics/ragas": "eval/metrics",
    "eval/report/templates": "eval/report",
    "footnote/haystack": "footnote",
    "api/http/routes": "api/http",
    "api/http/schemas": "api/http",
    "api/cli/eval": "api/cli",
    "lab/recipes": "lab/recipes",
    "lab/bench": "lab/bench",
}
"""Folders that the line of another one speaks for, with all below them."""


def _mapped() -> set[str]:
    section = (ROOT / "README.md").read_text().split("## How it works")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {name.rstrip("/") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def _folders() -> set[str]:
    include = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    found = set()
    for package in [*(name.rstrip("*") for name in include), "lab"]:
        for path in (ROOT / package).rglob("*.py"):
            folder = path.parent.relative_to(ROOT).as_posix()
            if any(one.name != "__init__.py" for one in path.parent.glob("*.py")):
                home = [to for at, to in ELSEWHERE.items() if folder == at or folder.startswith(f"{at}/")]
                found.add(home[0] if home else folder)
    return found


def test_every_folder_of_code_has_a_line() -> None:
    assert _folders() - _mapped() - {"rag", "api", "eval", "lab"} == set()


def test_every_line_is_of_something_that_exists() -> None:
    assert [name for name in sorted(_mapped()) if not (ROOT / name).exists()] == []
