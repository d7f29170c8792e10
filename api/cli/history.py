"""The earlier turns of a conversation, as `footnote ask --history` takes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer

from footnote.calls import Turn

_HINT = "--history"


def read_history(path: Path | None) -> list[Turn]:
    """The turns of --history, a JSON file or (`-`) standard input; none where it is not given."""
    if path is None:
        return []
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        value = json.loads(text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"cannot be read: {error}", param_hint=_HINT) from error
    if not isinstance(value, list):
        raise typer.BadParameter("must be a list of {role, content}", param_hint=_HINT)
    return [_turn(one) for one in value]


def _turn(value: object) -> Turn:
    """One earlier turn; other fields that a kept conversation may have are left out."""
    given = value if isinstance(value, dict) else {}
    role, content = given.get("role"), given.get("content")
    if role not in ("user", "assistant") or not isinstance(content, str):
        raise typer.BadParameter(
            "each turn needs role (user or assistant) and content (text)", param_hint=_HINT
        )
    return {"role": "user" if role == "user" else "assistant", "content": content}
