"""What the recipes write down: entries of a model's config.json, means with their intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.statistics import mean_interval


def update_config(folder: Path, entries: Mapping[str, object]) -> None:
    """Put fitted numbers into FOLDER/config.json, its keys sorted: equal settings give equal files."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text(encoding="utf-8")), **entries}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def mean_text(values: Sequence[float]) -> str:
    """A mean with its 95% bootstrap interval, such as `0.512 [0.401, 0.623]`. Raises ValueError of none."""
    found = mean_interval(values)
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
