"""The admin key: FOOTNOTE_API_KEY, else DATA/api_key, which the first start writes."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from rag.errors import RagError
from rag.settings import Settings


class KeyFileError(RagError):
    """DATA/api_key cannot be used."""

    code = "key_file_invalid"


def admin_key(settings: Settings) -> tuple[str, bool]:
    """The admin key, and whether this call made it. Raises KeyFileError when the file holds none."""
    configured = settings.api_key.get_secret_value() if settings.api_key else ""
    if configured:
        return configured, False
    path = settings.data / "api_key"
    created = _create(path)
    key = path.read_text("ascii").strip()
    if len(key) < 16:
        raise KeyFileError(f"{path} holds no key; delete the file and start again.")
    return key, created


def _create(path: Path) -> bool:
    """Write a new key, readable by its owner alone; False when there is one. Appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"fn_{secrets.token_urlsafe(32)}\n")
    try:
        os.link(draft, path)  # fails where another process was first
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
