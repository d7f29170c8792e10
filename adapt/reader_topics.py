"""Titles and headings with the text below them: what a text is about, for the reader's relevance, where no
questions are known (documentation, abstracts).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from adapt.reader_pairs import Judged, with_wrong
from adapt.records import read_rows, text_of

MOST = 4000
_HEADING = re.compile(r"^#{1,4}\s+(.+)$", re.MULTILINE)
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARKUP = re.compile(r"\{[%:{].*?[%:}]\}|!?\[([^\]]*)\]\([^)]*\)|[*_`|]+")
_LEAST_WORDS, _LEAST_TEXT = 2, 120


def titles(path: Path) -> Iterator[Judged]:
    """Each title of a BEIR corpus with its text."""
    for row in read_rows(path):
        title, text = text_of(row, "title").strip(), text_of(row, "text").strip()
        if len(title.split()) > _LEAST_WORDS and len(text) > _LEAST_TEXT:
            yield Judged("title", title, text, ())


def headings(folder: Path) -> Iterator[Judged]:
    """Each heading of Markdown pages, behind the page's first one, with the text up to the next heading."""
    for path in sorted(folder.rglob("*.md")):
        page = _FRONT.sub("", path.read_text(encoding="utf-8", errors="replace"))
        parts = _HEADING.split(page)
        names = [_plain(name) for name in parts[1::2]]
        for name, body in zip(names, parts[2::2], strict=True):
            text = _plain(body)
            asked = name if name == names[0] else f"{names[0]}: {name}"
            if len(asked.split()) > _LEAST_WORDS and len(text) > _LEAST_TEXT:
                yield Judged("heading", asked, text, ())


def _plain(markdown: str) -> str:
    return " ".join(_MARKUP.sub(lambda found: found[1] or " ", markdown).split())


def load_topics(folder: Path, seed: int = 1) -> list[Judged]:
    """scifact's titles and the headings of docs/opensearch, at most MOST of each, with mined negatives."""
    corpus, pages = folder / "beir" / "scifact" / "corpus.jsonl.gz", folder / "docs" / "opensearch"
    found = [list(titles(corpus)) if corpus.exists() else [], list(headings(pages)) if pages.is_dir() else []]
    rng = random.Random(seed)
    return [item for items in found for item in with_wrong(rng.sample(items, min(MOST, len(items))))]
