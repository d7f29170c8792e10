"""Claims made from question sets: a judged or written answer becomes a sentence to be checked against its
text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from adapt.records import ClaimRow, bucket, read_rows, text_of, texts_of
from adapt.words import clean

_SUBJECT = re.compile(
    r"(?:who|what|which [a-z]+|whose [a-z]+) ((?:is|was|are|were|has|had|can|will|would|could|[a-z]+ed|"
    r"[a-z]+s|won|wrote|made|sang|gave|led|took|became|came|got|said|told|went|began|held|built) .+)"
)
_HELPED = re.compile(r"\b(?:do|does|did)\b")


def statement(question: str, answer: str) -> str:
    """The question with the answer in place of its wh-word where that makes a sentence ("who won the cup" and
    "Ajax" give "Ajax won the cup."); else the question followed by the answer.
    """
    plain = question.strip().rstrip("?. ")
    bare = answer.strip().rstrip(". ")
    found = _SUBJECT.fullmatch(plain[:1].lower() + plain[1:])
    if found and not _HELPED.search(plain.lower()):
        return f"{bare[:1].upper()}{bare[1:]} {found.group(1)}."
    return f"{plain[:1].upper()}{plain[1:]}? {bare}."


def multirc_claims(path: Path) -> Iterator[ClaimRow]:
    """Candidate answers that people judged against a text with evidence sentences."""
    for row in read_rows(path):
        sentences = tuple(clean(s) for s in texts_of(row, "sentences"))
        claim = statement(clean(text_of(row, "question")), clean(text_of(row, "candidate")))
        label = "entailment" if row["label"] == "yes" else "not_entailment"
        gold = row.get("supporting_sentences")
        places = tuple(int(i) for i in gold) if isinstance(gold, list) else ()
        yield ClaimRow(
            "multirc", text_of(row, "split"), text_of(row, "group"), claim, sentences, label, "", places
        )


def boolq_claims(path: Path) -> Iterator[ClaimRow]:
    """A yes or no question with its right or, for half of the rows, its wrong answer."""
    for row in read_rows(path):
        context, question = clean(text_of(row, "context")), text_of(row, "question").rstrip("? ")
        right = bucket(question + context[:40], 2) == 0
        answer = "Yes" if (row["label"] == "yes") == right else "No"
        label = "entailment" if right else "contradiction"
        claim = f"{question[:1].upper()}{question[1:]}? {answer}."
        yield ClaimRow("boolq", text_of(row, "split"), context, claim, (context,), label)


def fairytale_claims(path: Path) -> Iterator[ClaimRow]:
    """Answers in people's own words, as supported; the same against another part of the story, as
    unsupported.
    """
    stories: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for row in read_rows(path):
        if row["split"] == "train":
            stories[text_of(row, "title")].append(row)
    for title, rows in stories.items():
        for i, row in enumerate(rows):
            question, answers = text_of(row, "question"), texts_of(row, "free_answers")
            if not answers:
                continue
            long = max(answers, key=len)
            claim = long if len(long.split()) > 4 else statement(question, long)
            asked = question if claim == long else ""
            other = rows[(i * 7 + 3) % len(rows)]
            apart = set(texts_of(other, "sections")).isdisjoint(texts_of(row, "sections"))
            taken = other if apart and bucket(claim, 3) == 0 else row
            label = "neutral" if taken is other else "entailment"
            context = " ".join(text_of(taken, "context").split())
            yield ClaimRow("fairytaleqa", "train", title, clean(claim), (clean(context),), label, asked)


LOADERS = (
    ("multirc_valtest", multirc_claims), ("boolq", boolq_claims), ("fairytaleqa", fairytale_claims),
)  # fmt: skip


def load_qa_claims(folder: Path) -> list[ClaimRow]:
    """The claims of every question set that is there."""
    paths = [(folder / "qa" / f"{name}.jsonl.gz", loader) for name, loader in LOADERS]
    return [row for path, loader in paths if path.exists() for row in loader(path)]
