"""The list of English words that are never taken for typos: `python -m lab.recipes.wordlist FILE…`.

Each file is gzipped JSON lines or a folder of Markdown pages; every string in a row of some length is a text,
taken once. A word is listed if it stands in LEAST texts, or is a whole word among the pieces of the shipped
encoder. Misspelt ones that are common enough are listed too: they are then left alone.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rag.files import write_whole
from rag.models.registry import weights_folder
from rag.models.runtime import load_tokenizer
from rag.settings import Settings
from rag.text.english import FILE

LEAST = 3
"""Texts that a word stands in."""
SHORTEST_TEXT = 60
"""Characters; what is shorter is a name or a label."""
_WORD = re.compile(r"[a-z]{3,24}")


def texts(path: Path) -> Iterator[str]:
    """The texts of a file or a folder."""
    if path.is_dir():
        yield from (page.read_text(encoding="utf-8", errors="replace") for page in sorted(path.rglob("*.md")))
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield from strings(json.loads(line))


def strings(value: object) -> Iterator[str]:
    """The longer strings in a JSON value; those of a list are one text."""
    if isinstance(value, str):
        if len(value) >= SHORTEST_TEXT:
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        if value and all(isinstance(part, str) for part in value):
            yield "\n".join(value)
        else:
            for part in value:
                yield from strings(part)


def main() -> None:
    """Write the list, sorted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    seen: set[int] = set()
    for path in args.files:
        for text in texts(path):
            if hash(text) not in seen:
                seen.add(hash(text))
                counts.update(set(_WORD.findall(text.lower())))
    pieces = load_tokenizer(weights_folder(Settings()) / "encoder").get_vocab()
    words = {word for word, number in counts.items() if number >= LEAST}
    words |= {piece for piece in pieces if _WORD.fullmatch(piece)}
    write_whole(FILE, (json.dumps(sorted(words), separators=(",", ":")) + "\n").encode())
    print(f"{len(seen)} texts, {len(words)} words, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
