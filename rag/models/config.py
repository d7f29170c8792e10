"""What a weights folder says about itself: config.json, read into typed records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast, get_args

from rag.errors import ModelError
from rag.models.types import Role

Kind = TypeVar("Kind", int, float, str)


@dataclass(frozen=True, slots=True)
class Config:
    """The values of a config.json, with errors that name the file and the key."""

    path: Path
    values: Mapping[str, object]

    def get(self, key: str, kind: type[Kind]) -> Kind:
        """The value under `key`; an integer may be a float. Raises ModelError `model_invalid` otherwise."""
        value = self.values.get(key)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return kind(value)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ModelError(f"{self.path} needs `{key}` ({kind.__name__}).", code="model_invalid")
        return value

    def floats(self, key: str) -> tuple[float, ...]:
        """The list of numbers under `key`. Raises ModelError `model_invalid` otherwise."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, int | float) for item in value):
            raise ModelError(f"{self.path} needs `{key}` (list of numbers).", code="model_invalid")
        return tuple(float(item) for item in value)

    @property
    def role(self) -> Role:
        """encoder, reader or checker. Raises ModelError `model_invalid` for anything else."""
        role = self.get("role", str)
        for known in get_args(Role):
            if role == known:
                return cast(Role, known)
        raise ModelError(f"{self.path}: `{role}` is not a role of a small model.", code="model_invalid")


def read_config(folder: Path) -> Config:
    """Read FOLDER/config.json. Raises ModelError `model_not_found` or `model_invalid`."""
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} holds no model: config.json is missing.", code="model_not_found"
        ) from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}", code="model_invalid") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} must hold an object.", code="model_invalid")
    return Config(path, values)
