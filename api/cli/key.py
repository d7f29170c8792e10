"""`footnote key …`: API keys, straight in the store: who can read the data folder is its admin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.cli.console import out, print_json
from api.cli.options import Data, Json, Role, settings_from
from rag.store import Key, Store

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def root() -> None:
    """Add, list and revoke API keys."""


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="A name to know the key by.")],
    role: Annotated[Role, typer.Option(help="What the key may do.")] = Role.read,
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", "-c", help="Only this collection; may be repeated.", show_default="all"),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    with _store(data) as store:
        for one in collection or ():
            store.collections.get(one)
        secret = store.keys.add(name, role.value, collection or None)
    if json:
        print_json({"name": name, "role": role.value, "key": secret})
    else:
        typer.echo(secret)


@app.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """List the keys, without their secrets."""
    with _store(data) as store:
        keys = store.keys.all()
    if json:
        print_json([asdict(key) for key in keys])
    else:
        _print(keys)


@app.command("revoke")
def revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="The key's id, as `footnote key list` shows it.")
    ],
    data: Data = None,
) -> None:
    """Revoke a key; calls with it are refused from now on."""
    with _store(data) as store:
        store.keys.revoke(key_id)


def _print(keys: Sequence[Key]) -> None:
    """One line a key."""
    table = Table("id", "name", "role", "collections", "created")
    for key in keys:
        reach = "all" if key.collections is None else ", ".join(key.collections)
        table.add_row(key.id, key.name, key.role, reach, f"{key.created_at:%Y-%m-%d %H:%M}")
    out().print(table)


@contextmanager
def _store(data: Path | None) -> Iterator[Store]:
    with Store.open(settings_from(data=data).store_url) as store:
        yield store
