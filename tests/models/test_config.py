from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import ModelError
from rag.models.config import read_config


def written(folder: Path, text: str) -> Path:
    (folder / "config.json").write_text(text)
    return folder


def test_values_come_back_typed(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, '{"role": "reader", "a": 3, "b": 0.5, "c": [1, 2.5]}'))
    assert (config.role, config.get("a", int), config.get("a", float), config.floats("c")) == (
        "reader",
        3,
        3.0,
        (1.0, 2.5),
    )


@pytest.mark.parametrize("text", ["[]", "{", '{"role": "poet"}', '{"role": 3}', "{}"])
def test_nonsense_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError) as caught:
        _ = read_config(written(tmp_path, text)).role
    assert caught.value.code == "model_invalid"


def test_wrong_types_name_the_key(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, '{"a": "x", "b": true, "c": [1, "x"]}'))
    for ask in (lambda: config.get("a", int), lambda: config.get("b", int), lambda: config.floats("c")):
        with pytest.raises(ModelError, match=r"needs `[abc]`"):
            ask()


def test_a_missing_file_is_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_config(tmp_path)
    assert caught.value.code == "model_not_found"
