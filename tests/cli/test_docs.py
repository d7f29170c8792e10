"""The manual against the code: every setting, command, option, code and route, and none that is not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli.lazy import LazyCommand
from api.cli.main import app
from api.cli.results import REASONS
from rag.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
PACKAGES = ("rag", "jobs", "ingest", "adapt", "eval", "api", "lab")


def page(name: str) -> str:
    return (DOCS / name).read_text()


def rows(name: str) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = [line for line in page(name).splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def ticked(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def shown(default: object) -> str:
    return "" if default in (None, "", []) else f"`{default}`"


def test_configuration_lists_every_setting_with_its_default() -> None:
    documented = {ticked(row[0])[0]: row[1] for row in rows("configuration.md") if row[0].startswith("`")}
    assert documented == {name: shown(field.default) for name, field in Settings.model_fields.items()}


def commands() -> Iterator[tuple[str, list[Any]]]:
    """Each command with its visible parameters."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, list[Any]]]:
        command = command.load() if isinstance(command, LazyCommand) else command
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, [one for one in command.params if not getattr(one, "hidden", False)]
        else:
            for word, one in inner.items():
                yield from walk(one, f"{name} {word}")

    yield from walk(typer.main.get_command(app), "footnote")


def sections() -> dict[str, str]:
    """Each section of cli.md by the words of its heading that are no argument."""
    parts = re.split(r"^## ", page("cli.md"), flags=re.MULTILINE)[1:]
    headed = [part.split("\n", 1) for part in parts]
    return {" ".join(word for word in head.split() if not word.isupper()): text for head, text in headed}


def test_cli_describes_every_command_and_option() -> None:
    described = sections()
    assert set(described) == {name for name, _ in commands()}
    for name, parameters in commands():
        words = set(re.findall(r"(?<![\w-])-{1,2}[a-z][\w-]*", described[name]))
        options = {
            option for one in parameters for option in (*one.opts, *one.secondary_opts) if "-" in option[:1]
        }
        assert words == options, name


def codes() -> set[str]:
    """Every error code in the tree: class attributes, `code=` arguments, and the tables of codes."""
    found: set[str] = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            found |= set(_codes_of(node, path))
    return found


def _codes_of(node: ast.AST, path: Path) -> Iterator[str]:
    if isinstance(node, ast.keyword) and node.arg == "code":
        yield from _strings(node.value)
    if isinstance(node, ast.Assign) and any(
        getattr(target, "id", "") in ("code", "_CODES") for target in node.targets
    ):
        yield from _strings(node.value)
    if isinstance(node, ast.Dict) and path.parts[-2:] == ("store", "failures.py"):
        yield from (text for text in _strings(node) if text.startswith("store_"))


def _strings(node: ast.AST) -> Iterator[str]:
    """The strings shaped like a code that an expression can be, without what a call or subscript looks up."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        yield node.value
    elif isinstance(node, ast.Dict):
        yield from (text for value in node.values for text in _strings(value))
    elif isinstance(node, ast.Tuple | ast.IfExp | ast.BoolOp):
        yield from (text for inner in ast.iter_child_nodes(node) for text in _strings(inner))


def described_codes() -> set[str]:
    """The codes in the first column of the tables under "Error codes", and of those of a file."""
    listed = page("http-api.md").partition("### Error codes")[2]
    cells = [row[0] for row in rows("http-api.md") if f"| {row[0]} |" in listed]
    cells += [row[0] for row in rows("formats.md")]
    return {code for cell in cells for code in ticked(cell) if CODE.fullmatch(code)}


def test_every_error_code_is_described() -> None:
    assert codes() - described_codes() == set()


def test_every_described_error_code_exists() -> None:
    tree = "\n".join(path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    assert {code for code in described_codes() if f'"{code}"' not in tree} == set()


def test_reasons_of_abstention_are_described() -> None:
    assert {reason for reason in REASONS if f"`{reason}`" not in page("http-api.md")} == set()


def test_every_route_is_described(tmp_path: Path) -> None:
    from api.http.app import create_app

    paths = create_app(Settings(data=tmp_path)).openapi()["paths"]
    text = page("http-api.md")
    for path, calls in paths.items():
        for method in calls:
            assert f"{method.upper()} {path}`" in text, f"{method.upper()} {path}"
    for method, path in re.findall(r"`(GET|POST|DELETE) (/[^`]*)`", text):
        assert method.lower() in paths.get(path, {}), f"{method} {path}"


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), flags=re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, target


def test_index_names_every_page() -> None:
    linked = set(re.findall(r"\(([\w-]+\.md)\)", page("README.md")))
    assert linked == {path.name for path in DOCS.glob("*.md")} - {"README.md"}
