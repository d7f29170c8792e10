"""What unstructured reads by itself, without this project's parsers: what eval/parsing.py compares with."""

from __future__ import annotations

from pathlib import Path

from ingest.parse.offline import prepare


def unstructured_text(path: Path) -> str:
    """The text of every element; raises what unstructured raises for what it cannot read."""
    prepare()
    from unstructured.partition.auto import partition

    elements = partition(filename=str(path), languages=[""])
    return "\n\n".join(str(element.text or "") for element in elements)
