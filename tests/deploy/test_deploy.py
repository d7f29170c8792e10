"""The Dockerfile and docker-compose.yml: no engine runs here, so what they name is looked up."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli.main import app
from rag.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "docker-compose.yml"
DEFAULT_PORT = Settings.model_fields["port"].default
VARIABLES = {f"FOOTNOTE_{name.upper()}" for name in Settings.model_fields}


def instructions() -> list[tuple[str, str]]:
    """(KEYWORD, rest) of every instruction, continuation lines joined, comments left out."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (word.upper(), rest.strip())
        for word, _, rest in (line.partition(" ") for line in joined.splitlines())
        if word
    ]


def arguments(keyword: str) -> list[str]:
    return [rest for word, rest in instructions() if word == keyword]


def environment() -> dict[str, str]:
    return dict(part.split("=", 1) for rest in arguments("ENV") for part in shlex.split(rest))


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(loaded, dict)
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found = compose()["services"]
    assert isinstance(found, dict)
    return found


def footnotes() -> dict[str, dict[str, Any]]:
    """The services that run Footnote's own image."""
    return {name: service for name, service in services().items() if "build" in service}


def fill(text: str) -> str:
    """What compose makes of ${NAME:-default} when nothing is set."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text)


def command_options(name: str) -> set[str]:
    """Every option of a `footnote` command; KeyError when there is no such command."""
    import typer.main

    group = typer.main.get_command(app)
    commands: dict[str, Any] = vars(group)["commands"]
    return {
        option
        for parameter in commands[name].load().params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def checked_command(words: list[str]) -> None:
    assert words[0] == "footnote"
    options = command_options(words[1])
    assert {word for word in words[2:] if word.startswith("-")} <= options


def volume_parts(entry: str) -> tuple[str, str]:
    source, target = fill(entry).split(":")[:2]
    return source, target


def copied() -> Iterator[str]:
    for rest in arguments("COPY"):
        if "--from" not in rest:
            yield from shlex.split(rest)[:-1]


def test_everything_copied_exists_and_passes_the_ignore_file() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in copied():
        assert (ROOT / source).exists(), source
        assert source in allowed, f"{source} is kept from the builder by .dockerignore"


def test_every_package_is_in_the_image() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"lab", "tests"}
    assert packages <= set(copied())


def test_stages_are_named_and_the_last_one_is_small() -> None:
    stages = [rest.split(" AS ")[-1] for rest in arguments("FROM")]
    froms = [re.search(r"--from=(\S+)", rest) for rest in arguments("COPY")]
    assert {match.group(1) for match in froms if match} <= set(stages)
    assert len(stages) == 2


def test_image_installs_no_torch_and_only_extras_that_exist() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (install,) = [rest for rest in arguments("RUN") if "pip install" in rest]
    chosen = re.search(r"\.\[([a-z,]+)\]", install)
    assert chosen
    for extra in chosen.group(1).split(","):
        assert not any("torch" in requirement for requirement in extras[extra])


def test_image_does_not_run_as_root() -> None:
    (user,) = arguments("USER")
    assert user not in {"root", "0"}
    assert any(f" {user}" in rest for rest in arguments("RUN") if "useradd" in rest)


def test_image_variables_are_settings() -> None:
    named = {name for name in environment() if name.startswith("FOOTNOTE_")}
    assert named <= VARIABLES
    assert environment()["FOOTNOTE_DATA"] in arguments("VOLUME")


def test_image_port_agrees_with_the_settings() -> None:
    assert arguments("EXPOSE") == [str(DEFAULT_PORT)]
    assert environment()["FOOTNOTE_PORT"] == str(DEFAULT_PORT)
    assert environment()["FOOTNOTE_HOST"] == "0.0.0.0"


def test_image_command_exists() -> None:
    (command,) = arguments("CMD")
    checked_command(json.loads(command))


def test_image_healthcheck_compiles_and_asks_the_ready_path_on_the_port() -> None:
    (check,) = arguments("HEALTHCHECK")
    words = json.loads(check[check.index("CMD") + 3 :])
    compile(words[2], "healthcheck", "exec")
    assert f"http://127.0.0.1:{DEFAULT_PORT}/ready" in words[2]


def test_the_ready_path_is_served() -> None:
    from api.http.app import create_app

    source = Path(create_app.__code__.co_filename).parent
    assert any('"/ready"' in path.read_text() for path in source.rglob("*.py") if path.name != "demo.py")


def test_one_service_by_default_and_the_cluster_behind_its_profile() -> None:
    default = [name for name, service in services().items() if "profiles" not in service]
    assert default == ["footnote"]
    assert {name for name, service in services().items() if service.get("profiles") == ["cluster"]} == {
        "api",
        "worker",
        "postgres",
        "qdrant",
    }
    assert services()["worker"]["deploy"]["replicas"] == 2


def test_compose_commands_exist() -> None:
    for service in footnotes().values():
        checked_command(service["command"])


def test_compose_variables_are_settings() -> None:
    for service in footnotes().values():
        assert set(service["environment"]) <= VARIABLES


def test_compose_values_are_valid_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for service in footnotes().values():
        for name, value in service["environment"].items():
            if value is not None:
                monkeypatch.setenv(name, fill(value))
        Settings()


def test_store_and_index_urls_name_services_with_their_ports_and_credentials() -> None:
    values = {name: fill(value) for name, value in services()["api"]["environment"].items() if value}
    database = services()["postgres"]["environment"]
    login = f"{database['POSTGRES_USER']}:{fill(database['POSTGRES_PASSWORD'])}"
    assert values["FOOTNOTE_STORE"] == f"postgresql://{login}@postgres:5432/{database['POSTGRES_DB']}"
    assert values["FOOTNOTE_INDEX"] == "qdrant+http://qdrant:6333"


def test_ports_lead_to_the_port_of_the_image() -> None:
    for service in footnotes().values():
        for entry in service.get("ports", []):
            assert fill(entry).rsplit(":", 1)[1] == str(DEFAULT_PORT)


def test_api_has_a_host_port_for_every_copy() -> None:
    api = services()["api"]
    first, last = map(int, api["ports"][0].split(":")[1].split("-"))
    assert last - first + 1 >= api["deploy"]["replicas"]
    assert DEFAULT_PORT not in range(first, last + 1)


def test_named_volumes_are_declared_and_used_and_folders_exist() -> None:
    entries = [volume_parts(entry) for service in services().values() for entry in service.get("volumes", [])]
    named = {source for source, _ in entries if not source.startswith((".", "/"))}
    assert named == set(compose()["volumes"])
    for source, _ in entries:
        if source.startswith("."):
            assert (ROOT / source).is_dir(), source


def test_volumes_of_footnote_go_where_the_image_keeps_its_data_and_reads_documents() -> None:
    expected = {environment()["FOOTNOTE_DATA"], environment()["FOOTNOTE_SYNC_ROOTS"]}
    for service in footnotes().values():
        assert {target for _, target in map(volume_parts, service["volumes"])} == expected


def test_services_waited_for_have_a_healthcheck() -> None:
    for service in services().values():
        for name, condition in service.get("depends_on", {}).items():
            assert name in services()
            if condition["condition"] == "service_healthy":
                assert "test" in services()[name]["healthcheck"]
                assert set(services()[name].get("profiles", [])) <= set(service.get("profiles", []))


def test_paths_in_the_compose_comments_are_commands_that_start_named_services() -> None:
    text = COMPOSE.read_text()
    (line,) = [line for line in text.splitlines() if "--profile cluster" in line]
    started = line.split("--build", 1)[1].split()
    assert set(started) <= set(services())
    assert "--profile cluster" in line
