"""Pairs that say which text answers, not where: they train the reader's relevance beside the span data."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lab.recipes.mining import Bm25, best
from lab.recipes.reader.batches import PassageCache, Question, Tokens, token_span
from lab.recipes.records import Span, bucket, read_rows, text_of

JUDGED = ("wikiqa", "trecqa")
MINED = ("squad_nqg", "medquad")
MAX_PASSAGE = 160
WRONG = 4


@dataclass(frozen=True)
class RelevancePair:
    """A question, one text that answers it, texts that do not, and where the sentences stand that carry the
    evidence (None: not known).
    """

    source: str
    question: str
    passage: str
    wrong: tuple[str, ...]
    evidence: tuple[Span, ...] | None = None


def judged_pairs(path: Path) -> list[RelevancePair]:
    """The train questions of a set whose candidate sentences were judged by people (wikiqa, trecqa)."""
    lists: dict[str, dict[bool, list[str]]] = defaultdict(lambda: {True: [], False: []})
    for row in read_rows(path):
        if row.get("split") == "train":
            lists[text_of(row, "question")][row.get("label") == 1].append(text_of(row, "passage"))
    return [
        RelevancePair(path.name.split(".")[0], question, good, tuple(found[False]), (Span(0, len(good)),))
        for question, found in lists.items()
        for good in found[True][:2]
        if found[False]
    ]


def mined_pairs(path: Path, most: int, keep: int, seed: int) -> list[RelevancePair]:
    """Questions with their passage and `keep` others that BM25 ranks high, of another topic if it has one."""
    rows = [row for row in read_rows(path) if bucket(text_of(row, "question"), 20)]
    rows = random.Random(seed).sample(rows, min(most, len(rows)))
    questions, texts = [text_of(r, "question") for r in rows], [text_of(r, "passage") for r in rows]
    topics = [(text_of(r, "focus") or text, text_of(r, "qtype")) for r, text in zip(rows, texts, strict=True)]
    lexical = Bm25(texts)
    made = []
    for start in range(0, len(rows), 512):
        orders = best(lexical.scores(questions[start : start + 512]), keep + 6).tolist()
        for place, order in enumerate(orders, start):
            wrong = [i for i in order if topics[i] != topics[place] and texts[i] != texts[place]][:keep]
            source = path.name.split(".")[0]
            made.append(RelevancePair(source, questions[place], texts[place], tuple(texts[i] for i in wrong)))
    return made


def with_wrong(items: Sequence[RelevancePair]) -> list[RelevancePair]:
    """The items with passages of others that BM25 ranks high, where they have no negatives of their own."""
    texts = sorted({item.passage for item in items})
    lexical = Bm25(texts)
    made = []
    for start in range(0, len(items), 512):
        part = items[start : start + 512]
        for item, order in zip(
            part, best(lexical.scores([i.question for i in part]), WRONG + 1), strict=True
        ):
            wrong = tuple(texts[n] for n in order.tolist() if texts[n] != item.passage)[:WRONG]
            made.append(item if item.wrong else replace(item, wrong=wrong))
    return made


def load_pairs(folder: Path, most: int = 6000, keep: int = 6, seed: int = 1) -> list[RelevancePair]:
    """All sets under pairs/ that are there; at most `most` questions of each mined set."""
    known = {n: folder / "pairs" / f"{n}.jsonl.gz" for n in (*JUDGED, *MINED)}
    there = {name: path for name, path in known.items() if path.exists()}
    lists = [
        judged_pairs(p) if name in JUDGED else mined_pairs(p, most, keep, seed) for name, p in there.items()
    ]
    return [item for found in lists for item in found]


def pack_pairs(pairs: Sequence[RelevancePair], cache: PassageCache) -> list[Question]:
    """Tokenised; cut to the passage's first tokens where it is not known which part of it answers."""
    return [
        Question(
            item.source,
            cache.question(item.question),
            _first(cache.get(item.passage)) if item.evidence is None else cache.get(item.passage),
            [],
            [_first(cache.get(text)) for text in item.wrong],
            answers=True,
            evidence=_places(item, cache),
        )
        for item in pairs
    ]


def _first(tokens: Tokens) -> Tokens:
    return Tokens(tokens.ids[:MAX_PASSAGE], tokens.offsets[:MAX_PASSAGE])


def _places(item: RelevancePair, cache: PassageCache) -> list[tuple[int, int]] | None:
    if item.evidence is None:
        return None
    offsets = cache.get(item.passage).offsets
    return [found for s in item.evidence if (found := token_span(offsets, s.start, s.end))]


MOST = 4000
_HEADING = re.compile(r"^#{1,4}\s+(.+)$", re.MULTILINE)
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARKUP = re.compile(r"\{[%:{].*?[%:}]\}|!?\[([^\]]*)\]\([^)]*\)|[*_`|]+")
_LEAST_WORDS, _LEAST_TEXT = 2, 120


def titles(path: Path) -> Iterator[RelevancePair]:
    """Each title of a BEIR corpus with its text."""
    for row in read_rows(path):
        title, text = text_of(row, "title").strip(), text_of(row, "text").strip()
        if len(title.split()) > _LEAST_WORDS and len(text) > _LEAST_TEXT:
            yield RelevancePair("title", title, text, ())


def headings(folder: Path) -> Iterator[RelevancePair]:
    """Each heading of Markdown pages, behind the page's first one, with the text up to the next heading."""
    for path in sorted(folder.rglob("*.md")):
        page = _FRONT.sub("", path.read_text(encoding="utf-8", errors="replace"))
        parts = _HEADING.split(page)
        names = [_plain(name) for name in parts[1::2]]
        for name, body in zip(names, parts[2::2], strict=True):
            text = _plain(body)
            asked = name if name == names[0] else f"{names[0]}: {name}"
            if len(asked.split()) > _LEAST_WORDS and len(text) > _LEAST_TEXT:
                yield RelevancePair("heading", asked, text, ())


def _plain(markdown: str) -> str:
    return " ".join(_MARKUP.sub(lambda found: found[1] or " ", markdown).split())


def load_topics(folder: Path, seed: int = 1) -> list[RelevancePair]:
    """scifact's titles and the headings of docs/opensearch, at most MOST of each, with mined negatives."""
    corpus, pages = folder / "beir" / "scifact" / "corpus.jsonl.gz", folder / "docs" / "opensearch"
    found = [list(titles(corpus)) if corpus.exists() else [], list(headings(pages)) if pages.is_dir() else []]
    rng = random.Random(seed)
    return [item for items in found for item in with_wrong(rng.sample(items, min(MOST, len(items))))]
