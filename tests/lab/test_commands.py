"""Every `python -m MODULE` of docs, model cards and docstrings is a command that says how it is used."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="recipes need the extra train")

ROOT = Path(__file__).parents[2]
OWN = ("api", "eval", "ingest", "jobs", "adapt", "lab", "rag")


def _commands() -> list[str]:
    """Modules named anywhere but in the log, whose old entries keep the names of their day."""
    pages = [*ROOT.glob("docs/*.md"), *ROOT.glob("rag/models/weights/*/README.md"), ROOT / "README.md"]
    files = [page for page in pages if page.name != "log.md"] + [ROOT / "Makefile", *ROOT.glob("lab/**/*.py")]
    modules = {
        name
        for file in files
        for name in re.findall(r"python -m\s+(\w+(?:\.\w+)*)", file.read_text(encoding="utf-8"))
    }
    return sorted(name for name in modules if name.split(".")[0] in OWN)


def test_the_recipes_are_named() -> None:
    assert {"lab.recipes.reader.train", "lab.recipes.checker.fit", "lab.bench.speed"} <= set(_commands())


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize("module", _commands())
def test_a_named_command_is_there(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert not ended.value.code
    assert "usage:" in capsys.readouterr().out
