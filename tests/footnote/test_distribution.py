"""footnote-client: built from this repository, in an environment that has nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.api.service import ADMIN, Live

ROOT = Path(__file__).parents[2]
ASK = """
import importlib.util, sys
from footnote import Client, FootnoteError
for name in ("api", "rag", "eval", "ingest", "adapt", "jobs", "fastapi", "numpy", "haystack"):
    assert importlib.util.find_spec(name) is None, name
with Client(sys.argv[1], sys.argv[2]) as client:
    print(client.ask("manuals", "What working pressure is the pump rated for?").answer)
    try:
        client.ask("gone", "?")
    except FootnoteError as error:
        print(error.code)
try:
    from footnote import Footnote
except ImportError as error:
    print(error)
"""


def _needed(names: list[str]) -> dict[str, Distribution]:
    """The distributions of these names with everything that they need here."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        if wanted.name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found[wanted.name] = distribution(wanted.name)
        waiting += [Requirement(one) for one in found[wanted.name].requires or []]
    return found


def _copy(installed: Distribution, target: Path) -> None:
    """Put an installed distribution's files into another environment, as no registry is asked in tests."""
    for file in installed.files or []:
        if ".." not in file.parts and file.suffix != ".pyc":
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(installed.locate_file(file)), target / file)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the client's wheel and its dependencies alone."""
    folder = tmp_path_factory.mktemp("client")
    for part in ("footnote", "distribution"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = ["wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation", "-w", folder / "wheels"]
    subprocess.run([*pip, *build, folder / "distribution" / "client"], check=True, timeout=240)
    (wheel,) = (folder / "wheels").iterdir()
    venv.create(folder / "venv")
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    install = ["install", "-q", "--no-index", "--no-deps", "--target", packages, wheel]
    subprocess.run([*pip, *install], check=True, timeout=240)
    project = tomllib.loads((ROOT / "distribution" / "client" / "pyproject.toml").read_text())["project"]
    for installed in _needed(project["dependencies"]).values():
        _copy(installed, packages)
    return folder / "venv" / "bin" / "python"


def test_the_client_alone_asks_a_running_service(python: Path, live: Live) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        [python, "-P", "-c", ASK, live.url, ADMIN],
        check=True, capture_output=True, text=True, timeout=120, cwd=python.parent, env=environment,
    )  # fmt: skip
    *answer, code, hint = ran.stdout.splitlines()
    assert "16 bar" in " ".join(answer)
    assert code == "collection_not_found"
    assert "footnote-rag" in hint


def test_both_distributions_have_one_version() -> None:
    versions = [
        tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"]
        for folder in (ROOT, ROOT / "distribution" / "client")
    ]
    assert versions[0] == versions[1]
