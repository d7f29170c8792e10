"""Questions and claims with the sentences that settle them: they train the reader's evidence and relevance.

multirc: questions on several sentences; hotpotqa: questions on several pages, whose distractors are the
negatives; fever_eraser: claims in place of questions; boolq: yes or no questions, where nobody says which
sentence answers.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.recipes.reader.pairs import RelevancePair, with_wrong
from lab.recipes.records import Span, bucket, clean, read_rows, text_of, texts_of

MOST = 5000


@dataclass(frozen=True)
class EvidenceSplits:
    """`train` fits weights, `held` by source is only ever measured: a tenth by text or page of multirc and
    fever_eraser, hotpotqa's test sample.
    """

    train: list[RelevancePair]
    held: dict[str, list[RelevancePair]]


def joined(sentences: Sequence[str], gold: Iterable[int]) -> tuple[str, tuple[Span, ...]]:
    """The text of the sentences and where the gold ones stand in it."""
    wanted, spans, text = set(gold), [], ""
    for place, sentence in enumerate(sentences):
        text += " " if text and sentence else ""
        if place in wanted and sentence:
            spans.append(Span(len(text), len(text) + len(sentence)))
        text += sentence
    return text, tuple(spans)


def multirc(path: Path) -> Iterator[tuple[str, RelevancePair]]:
    """Each question once, with its text's name."""
    seen = set()
    for row in read_rows(path):
        group, question = text_of(row, "group"), clean(text_of(row, "question"))
        gold = row.get("supporting_sentences")
        if (group, question) in seen or not isinstance(gold, list):
            continue
        seen.add((group, question))
        text, spans = joined([clean(s) for s in texts_of(row, "sentences")], map(int, gold))
        yield group, RelevancePair("multirc", question, text, (), spans)


def fever(path: Path) -> Iterator[tuple[str, RelevancePair]]:
    """Each claim with its page; any of the groups of gold sentences counts."""
    for row in read_rows(path):
        groups = row.get("supporting_sentences")
        gold = {int(i) for group in (groups if isinstance(groups, list) else []) for i in group}
        text, spans = joined([clean(s) for s in texts_of(row, "evidence")], gold)
        if spans:
            yield (
                text_of(row, "group"),
                RelevancePair("fever_eraser", clean(text_of(row, "claim")), text, (), spans),
            )


def hotpotqa(path: Path) -> Iterator[tuple[str, RelevancePair]]:
    """Each question with each of its pages that holds evidence; the other pages are the negatives."""
    for row in read_rows(path):
        pages = row.get("paragraphs")
        texts = [_page(page) for page in (pages if isinstance(pages, list) else [])]
        wrong = tuple(text for text, spans in texts if not spans)
        for text, spans in texts:
            if spans:
                split, question = text_of(row, "split"), text_of(row, "question")
                yield split, RelevancePair("hotpotqa", question, text, wrong, spans)


def _page(page: dict[str, object]) -> tuple[str, tuple[Span, ...]]:
    sentences = [s.strip() for s in texts_of(page, "sentences")]
    gold = page.get("supporting_sentences")
    return joined(sentences, map(int, gold if isinstance(gold, list) else []))


def boolq(path: Path) -> Iterator[tuple[str, RelevancePair]]:
    """Each yes or no question with its passage."""
    for row in read_rows(path):
        if text_of(row, "split") in ("test", "dev"):
            yield (
                text_of(row, "split"),
                RelevancePair("boolq", text_of(row, "question"), text_of(row, "context"), ()),
            )


SETS = {
    "qa/multirc_valtest": multirc,
    "ground/fever_eraser": fever,
    "qa/hotpotqa_distractor_sample": hotpotqa,
    "qa/boolq": boolq,
}


def is_held(item: RelevancePair, group: str) -> bool:
    """Whether an item is kept for checks."""
    if item.source in ("hotpotqa", "boolq"):
        return group in ("sample_test", "dev")
    return bucket(group, 10) == 0


def load_evidence(folder: Path, barred: frozenset[str] = frozenset(), seed: int = 1) -> EvidenceSplits:
    """All sets that are there; of each at most MOST items train. Passages in `barred` train nothing."""
    train: list[RelevancePair] = []
    held: dict[str, list[RelevancePair]] = {}
    for name, loader in SETS.items():
        path = folder / f"{name}.jsonl.gz"
        rows = list(loader(path)) if path.exists() else []
        for group, item in rows:
            if is_held(item, group):
                held.setdefault(item.source, []).append(item)
        pool = [i for group, i in rows if not is_held(i, group) and i.passage not in barred]
        train += with_wrong(random.Random(seed).sample(pool, min(MOST, len(pool))))
    return EvidenceSplits(train, held)
