"""A PostgreSQL server for tests: FOOTNOTE_TEST_POSTGRES names one, or this machine's binaries start one."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from rag.store.schema import metadata


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server's database; skips the test, with the reason, where there is none."""
    pytest.importorskip("psycopg", reason="psycopg (extra postgres) is not installed")
    named = os.environ.get("FOOTNOTE_TEST_POSTGRES")
    if named:
        yield named
        return
    binaries, owner = _binaries(), _owner()
    folder = Path(tempfile.mkdtemp(prefix="footnote-pg-"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        with _running(binaries, folder, owner) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_schema(server: str) -> Iterator[str]:
    """The URL of an empty schema, which is dropped in the end."""
    name = "footnote_test_" + secrets.token_hex(6)
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
    yield (
        make_url(server)
        .set(drivername="postgresql")
        .update_query_dict({"options": f"-csearch_path={name}"})
        .render_as_string(hide_password=False)
    )
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


def empty(url: str) -> None:
    """Delete every row of a store, which is much faster than making its tables again."""
    import psycopg  # here, as it is an extra: postgres_server skips where it is missing

    tables = [table.name for table in reversed(metadata.sorted_tables)]
    with psycopg.connect(url) as connection:
        connection.execute("; ".join(f"DELETE FROM {table}" for table in tables))


@contextmanager
def _running(binaries: Path, folder: Path, owner: str | None) -> Iterator[str]:
    data, port = folder / "data", _free_port()
    _run([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], owner)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [binaries / "pg_ctl", "-D", data, "-w"]
    _run([*control, "-o", options, "-l", folder / "log", "start"], owner)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run([*control, "-m", "immediate", "stop"], owner)


def _binaries() -> Path:
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.skip("no PostgreSQL: neither FOOTNOTE_TEST_POSTGRES nor initdb and pg_ctl on this machine")


def _owner() -> str | None:
    """Whom to run the server as: the server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(command: list[str | Path], owner: str | None) -> None:
    account = pwd.getpwnam(owner) if owner else None
    group = account.pw_gid if account else None
    done = subprocess.run(
        [str(part) for part in command],
        user=owner,
        group=group,
        extra_groups=[] if owner else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # not a pipe: the server inherits it and would keep it open
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"PostgreSQL does not start here: {command[0]} ended with status {done.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
