"""The claim data under nli/, ground/ and qa/: which rows train the checker, which are kept for checks, leaks
removed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.recipes.records import ClaimRow, bucket, clean, read_rows, text_of, texts_of

NLI_FILES = (
    "cad_nli", "climate_fever", "conjnli", "covidfact", "dnc", "fever_dev", "healthver_devtest",
    "mnli_taxinli", "rte_resplit", "scifact", "sick", "snli_devtest",
)  # fmt: skip
GROUND_FILES = ("begin_v1", "fever_eraser", "fm2_claims", "wice_claims", "wice_tokens")
HALVED = ("begin_v1", "climate_fever", "healthver")
"""Sources without a train part: half of their groups train, half are kept for checks."""
FAMILIES = ("begin_v1", "climate_fever", "covidfact", "fever", "fm2", "healthver", "wice")
"""Prefixes of the sources that a leave-out net must not have seen (`fever` is fever_dev and fever_eraser)."""
LABELS = {
    "supported": "entailment", "partially_supported": "not_entailment", "not_supported": "not_entailment",
    "hallucination": "not_entailment", "generic": "not_entailment", "off-topic": "not_entailment",
}  # fmt: skip


@dataclass(frozen=True)
class ClaimSplits:
    """`train` fits the net, `calibrate` fits the head on top, `checks` are only ever measured."""

    train: list[ClaimRow]
    calibrate: list[ClaimRow]
    checks: dict[str, list[ClaimRow]]


def load_nli(path: Path) -> Iterator[ClaimRow]:
    """Premise and hypothesis pairs; the premise is one evidence sentence."""
    for row in read_rows(path):
        premise = clean(text_of(row, "premise"))
        yield ClaimRow(
            text_of(row, "source"),
            text_of(row, "split"),
            text_of(row, "group") or text_of(row, "question") or premise,
            clean(text_of(row, "hypothesis")),
            (premise,),
            text_of(row, "label"),
            question=text_of(row, "question"),
        )


def load_ground(path: Path) -> Iterator[ClaimRow]:
    """Claims or responses against a context of sentences, with gold sentences or word marks where the set
    has them.
    """
    for row in read_rows(path):
        sentences = texts_of(row, "evidence") or (text_of(row, "context"),)
        label = text_of(row, "label")
        unsupported = row.get("non_supported")
        yield ClaimRow(
            text_of(row, "source"),
            text_of(row, "split"),
            text_of(row, "group") or text_of(row, "claim") or text_of(row, "context"),
            clean(text_of(row, "claim") or text_of(row, "response")),
            tuple(clean(s) for s in sentences),
            LABELS.get(label, label),
            question=text_of(row, "message"),
            gold=_gold(row.get("supporting_sentences")),
            words=texts_of(row, "tokens"),
            unsupported=tuple(bool(m) for m in unsupported) if isinstance(unsupported, list) else (),
        )


def _gold(value: object) -> tuple[int, ...]:
    groups = value if isinstance(value, list) else []
    flat = {int(i) for group in groups for i in (group if isinstance(group, list) else [group])}
    return tuple(sorted(flat))


def _load(folder: Path, kind: str, name: str) -> list[ClaimRow]:
    path = folder / kind / f"{name}.jsonl.gz"
    loader = load_nli if kind == "nli" else load_ground
    return list(loader(path)) if path.exists() else []


def is_check(row: ClaimRow) -> bool:
    """Whether a row of a training source is kept for checks.

    Official dev and test parts where a train part exists; half of the groups (claim, question, evidence) of
    the sources in HALVED; else a tenth by group (page, premise). snli's dev part trains, wice_claims never.
    """
    if row.source == "wice":
        return True
    if row.source in HALVED:
        return bucket(row.group, 2) == 0
    if row.source == "snli":
        return row.split == "test"
    if row.source == "fm2":
        return row.split == "test"
    if row.source in (
        "cad_nli",
        "conjnli",
        "covidfact",
        "sick",
        "rte",
        "wice_tokens",
    ) or row.source.startswith("dnc"):
        return "train" not in row.split
    return bucket(row.group, 10) == 0


def barred_texts(checks: dict[str, list[ClaimRow]]) -> set[str]:
    """Claims of all checks, and their evidence where it is not boilerplate of web pages (wice)."""
    rows = [row for found in checks.values() for row in found]
    evidence = {s for row in rows if not row.source.startswith("wice") for s in row.sentences if len(s) > 30}
    return evidence | {row.claim for row in rows}


def split_claims(folder: Path) -> ClaimSplits:
    """The checker's splits from the data folder.

    A training row is dropped when its claim or its evidence also stands in a check (fever_eraser's claims
    are all in fever_dev; cad_nli's dev and test premises come from snli); sick keeps its official split,
    whose parts share sentences but no pairs. One group in sixteen of the training rows is kept to fit the
    head.
    """
    rows = [row for name in NLI_FILES for row in _load(folder, "nli", name)]
    rows += [row for name in GROUND_FILES for row in _load(folder, "ground", name)]
    rows += load_qa_claims(folder)
    checks: dict[str, list[ClaimRow]] = {}
    for row in rows:
        if is_check(row):
            checks.setdefault(row.source.split("/")[0], []).append(row)
    barred = barred_texts(checks)
    pool = [
        r
        for r in rows
        if not is_check(r) and (r.source == "sick" or barred.isdisjoint([r.claim, *r.sentences]))
    ]
    calibrate = [row for row in pool if bucket("calibrate" + row.group, 16) == 0]
    held = {row.claim for row in calibrate}
    train = [r for r in pool if bucket("calibrate" + r.group, 16) != 0 and r.claim not in held]
    return ClaimSplits(train, calibrate, checks)


def without(rows: Iterable[ClaimRow], prefixes: Sequence[str]) -> list[ClaimRow]:
    """The rows whose source begins with none of `prefixes`."""
    return [row for row in rows if not row.source.startswith(tuple(prefixes))]


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
