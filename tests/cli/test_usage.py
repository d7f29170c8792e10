"""What the command says before it does anything: help, usage, settings, errors in one line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from api.cli.lazy import LazyCommand
from api.cli.main import app
from tests.cli.commands import SERVICE_ONLY, Result, footnote, invoke, loaded_by

HEAVY = (*SERVICE_ONLY, "httpx")


def assert_one_line(result: Result, code: str) -> None:
    assert result.status == 1
    assert len(result.err.strip().splitlines()) == 1, result.err
    assert f"[{code}]" in result.err


def test_help_names_every_command() -> None:
    result = footnote("--help")
    assert result.status == 0
    for command in ("serve", "worker", "ingest", "search", "ask", "eval", "doctor", "key"):
        assert f" {command} " in result.out


@pytest.mark.parametrize("arguments", [["--help"], ["eval", "--help"], ["ask", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(*arguments) & set(HEAVY) == set()


def test_the_list_of_commands_validates_nothing() -> None:
    assert "pydantic" not in loaded_by("--help")


def summaries(group: Any, *words: str) -> Iterator[tuple[tuple[str, ...], str | None, str | None]]:
    """Each command's words, its summary in the list of names, and the help of the command itself."""
    for name, listed in group.commands.items():
        if isinstance(listed, LazyCommand):
            command = listed.load()
            yield (*words, name), listed.help, command.help
            if hasattr(command, "commands"):
                yield from summaries(command, *words, name)


def test_summaries_are_those_of_the_commands() -> None:
    listed = list(summaries(get_command(app)))
    assert len(listed) > 20
    assert [one for one in listed if one[1] != one[2]] == []


def test_version() -> None:
    assert footnote("--version").out.strip() == f"footnote {version('footnote-rag')}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["search"],
        ["nonsense"],
        ["search", "x", "--mode", "guess"],
        ["search", "x", "-k", "0"],
        ["search", "x", "--filter", "{not json"],
        ["search", "x", "--filter", "[1]"],
        ["serve", "--port", "70000"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.status == 2
    assert "Usage:" in result.err


def test_setting_that_is_not_valid_is_named() -> None:
    result = invoke("search", "x", FOOTNOTE_CHUNK_TOKENS="many")
    assert result.status == 2
    assert "FOOTNOTE_CHUNK_TOKENS" in result.err


@pytest.mark.parametrize("text", ["colour = 1\n", "port = \n"])
def test_faulty_settings_file_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "footnote.toml").write_text(text)
    result = invoke("search", "x", cwd=tmp_path)
    assert result.status == 2
    assert "footnote.toml" in result.err


def test_settings_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "footnote.toml").write_text(f'data = "{tmp_path / "elsewhere"}"\n')
    assert invoke("key", "list", cwd=tmp_path).status == 0
    assert (tmp_path / "elsewhere" / "footnote.db").exists()


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    assert_one_line(
        footnote("ingest", str(tmp_path / "none"), "--data", str(tmp_path / "data")), "path_not_found"
    )


def test_collection_name_that_is_not_valid(tmp_path: Path) -> None:
    result = invoke("ingest", str(tmp_path), "-c", "a/b", "--data", str(tmp_path / "data"))
    assert_one_line(result, "invalid_collection_name")


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert_one_line(invoke("serve", "--data", str(tmp_path), "--port", port), "port_in_use")


def test_host_that_is_not_ours(tmp_path: Path) -> None:
    result = invoke("serve", "--data", str(tmp_path), "--host", "no such host", "--port", "0")
    assert_one_line(result, "invalid_address")


def test_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = invoke("key", "list", "--data", str(tmp_path / "file"))
    assert result.status == 1
    assert len(result.err.strip().splitlines()) == 1


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    result = footnote("ingest", str(tmp_path / "none"), "--data", str(tmp_path / "data"), FOOTNOTE_DEBUG="1")
    assert result.status == 1
    assert "Traceback" in result.err


def test_keys_are_added_listed_and_revoked(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "data")]
    secret = invoke("key", "add", "reader", "--role", "read", *data).out.strip()
    (listed,) = invoke("key", "list", "--json", *data).json()
    assert (listed["name"], listed["role"]) == ("reader", "read")
    assert secret not in invoke("key", "list", *data).out
    assert invoke("key", "revoke", listed["id"], *data).status == 0
    assert invoke("key", "list", "--json", *data).json() == []


def test_key_for_a_collection_that_is_not_there(tmp_path: Path) -> None:
    result = invoke("key", "add", "x", "-c", "none", "--data", str(tmp_path / "data"))
    assert_one_line(result, "collection_not_found")
