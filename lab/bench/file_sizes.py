"""What a file costs beside its text: `python -m lab.bench.file_sizes [--tiny 11000] [--large 100]`.

The same text is ingested once as many tiny files and once as few large ones, each into a fresh store by a
worker; the figure is how much longer a character takes in the tiny ones.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

from lab.bench.durability import once
from lab.bench.faults import WORDS
from rag.models.registry import load_encoder
from rag.settings import Settings


def sentences(count: int, chance: random.Random) -> list[str]:
    """Sentences of 8 to 16 random words."""
    return [" ".join(chance.choices(WORDS, k=chance.randint(8, 16))).capitalize() + "." for _ in range(count)]


def make(folder: Path, texts: list[str]) -> None:
    """One Markdown file for each text."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number:06}.md").write_text(f"# Page {number}\n\n{text}\n")


def paragraphs(total: int, size: int, chance: random.Random) -> list[str]:
    """`total` paragraphs of about `size` characters."""
    found = []
    for _ in range(total):
        parts: list[str] = []
        while sum(map(len, parts)) < size:
            parts += sentences(1, chance)
        found.append(" ".join(parts))
    return found


def main() -> None:
    """Print one JSON object: characters, seconds of both, and the ratio per character."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", type=int, default=11_000)
    parser.add_argument("--large", type=int, default=100)
    parser.add_argument("--characters", type=int, default=400, help="of a tiny file")
    args = parser.parse_args()
    texts = paragraphs(args.tiny, args.characters, random.Random(1))
    each = len(texts) // args.large
    joined = ["\n\n".join(texts[n * each : (n + 1) * each]) for n in range(args.large)]
    with tempfile.TemporaryDirectory() as scratch:
        encoder = load_encoder("footnote-encoder", Settings(data=Path(scratch) / ".unused"))
        seconds = {}
        for name, files in (("large", joined), ("tiny", texts)):
            make(Path(scratch) / name, files)
            seconds[name] = once(Path(scratch) / name, encoder, with_dbos=True)
    characters = {"large": sum(map(len, joined)), "tiny": sum(map(len, texts))}
    ratio = (seconds["tiny"] / characters["tiny"]) / (seconds["large"] / characters["large"])
    rounded = {name: round(value, 1) for name, value in seconds.items()}
    print(json.dumps({"characters": characters, "seconds": rounded, "times per character": round(ratio, 2)}))


if __name__ == "__main__":
    main()
