"""What curation finds: `python -m lab.bench.curation FOLDER… --half report --out cases.json`.

Pages of the folders (Markdown below them, or the documents of a BEIR folder) go to a real service, then
copies, edited copies, and passages with something planted; what the service flags is counted. Sources are
halved by a hash of their name: rules are tuned on one half and reported on the other.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import pkgutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Literal, get_args

from eval.corpus import CorpusDocument, load_beir
from eval.environment import machine
from eval.report.wording import table
from lab.bench.curation import planting
from lab.bench.curation.planting import NO_PERSONAL, NO_SECRETS, NOTICES, PERSONAL, SECRETS, Case, Maker
from lab.bench.service import Running, ServiceFailed, call, service, upload, wait_for
from rag.errors import RagError
from rag.files import write_whole
from rag.store import document_id
from rag.types import Reason

COLLECTION = "curated"
LEAST = 200  # characters of a passage that something is planted in
FIRST = 10  # pages with a notice that come first: it becomes boilerplate by coming again

Half = Literal["tune", "report"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as the service shows it, with the reasons it was flagged for."""

    source: str
    text: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KindCount:
    """Of so many cases of a kind, how many were flagged; `planted` says whether they should be."""

    reason: Reason
    kind: str
    planted: bool
    cases: int
    flagged: int


@dataclass(frozen=True, slots=True)
class CurationScores:
    """Every kind of case, and what was flagged on the pages as they are: by reason, with some passages."""

    half: Half
    seed: int
    pages: int
    passages: int
    kinds: tuple[KindCount, ...]
    untouched: Mapping[str, int]
    samples: Mapping[str, Sequence[Passage]]


def measure(folders: Sequence[Path], half: Half, pages: int, per_kind: int, seed: int) -> CurationScores:
    """Ingest and count. `pages` is how many are taken of each folder, `per_kind` the cases of each kind."""
    random = Random(seed)
    documents, others = [], []
    for folder in folders:
        drawn = [one for one in _documents(folder) if _half_of(one.id) == half]
        random.shuffle(drawn)
        documents += drawn[:pages]
        others += drawn[pages : pages + pages // 2]
    with tempfile.TemporaryDirectory(prefix="footnote-curation-") as data, service(Path(data)) as running:
        call(running, "POST", "/v1/collections", {"name": COLLECTION})
        call(running, "PUT", f"/v1/collections/{COLLECTION}/curation", {"languages": ["en"]})
        clean = _ingested(running, documents)
        kinds = [*_copies(running, documents, clean, random)]
        kinds += _notices(running, others, random)
        kinds += _cases(running, _planted(clean, per_kind, half, random))
    reasons = get_args(Reason)
    flagged = {reason: [one for one in clean if reason in one.flags] for reason in reasons}
    counts = {reason: len(found) for reason, found in flagged.items()}
    samples = {reason: found[:15] for reason, found in flagged.items()}
    return CurationScores(half, seed, len(documents), len(clean), tuple(kinds), counts, samples)


def _documents(folder: Path) -> list[CorpusDocument]:
    if any(folder.glob("corpus.jsonl*")):
        return list(load_beir(folder).documents)
    return [
        CorpusDocument(path.relative_to(folder.parent).as_posix(), "", path.read_text("utf-8", "replace"))
        for path in sorted(folder.rglob("*.md"))
    ]


def _half_of(name: str) -> Half:
    return "report" if hashlib.sha256(name.encode()).digest()[0] & 1 else "tune"


def _ingested(running: Running, documents: Sequence[CorpusDocument]) -> list[Passage]:
    """The passages of these documents, once they are ingested."""
    for job in wait_for(running, upload(running, COLLECTION, documents)):
        if job["status"] != "succeeded":
            raise ServiceFailed(f"Ingest ended as {job['status']}: {job.get('errors')}")
    return [passage for one in documents if one.text.strip() for passage in _passages(running, one.id)]


def _passages(running: Running, source: str) -> Iterator[Passage]:
    answer = call(running, "GET", f"/v1/documents/{document_id(COLLECTION, source)}/chunks")
    chunks = answer["chunks"]
    assert isinstance(chunks, list)
    for chunk in chunks:
        yield Passage(source, chunk["text"], tuple(flag["reason"] for flag in chunk["flags"]))


def _copies(
    running: Running, documents: Sequence[CorpusDocument], clean: Sequence[Passage], random: Random
) -> Iterator[KindCount]:
    """Whole pages again: as they are, with other white space, reworded, with other numbers."""
    words = sorted({word for one in clean for word in one.text.split() if word.isalpha() and word.islower()})
    chosen = [one for one in documents if len(one.text) > LEAST]
    edits: list[tuple[Reason, str, bool, list[CorpusDocument]]] = [
        ("exact_duplicate", "copy of a page", True, _edited(chosen, "copy", lambda text: text)),
        ("exact_duplicate", "copy with other line ends", True,
         _edited(chosen, "lines", lambda text: text.replace("\n", "\r\n"))),
        ("near_duplicate", "1 word in 100 replaced", True,
         _edited(chosen, "one", lambda text: planting.reworded(text, 0.01, words, random))),
        ("near_duplicate", "3 words in 100 replaced", True,
         _edited(chosen, "three", lambda text: planting.reworded(text, 0.03, words, random))),
        ("near_duplicate", "other numbers", False, _edited(chosen, "numbers", planting.renumbered)),
    ]  # fmt: skip
    for reason, kind, planted, edited in edits:
        before = {one.text for one in clean}
        found = [one for one in _ingested(running, edited) if len(one.text) >= LEAST]
        if reason == "near_duplicate":  # what the edit left alone is another matter
            found = [one for one in found if one.text not in before]
        flagged = sum(reason in one.flags or (planted and "exact_duplicate" in one.flags) for one in found)
        yield KindCount(reason, kind, planted, len(found), flagged)
        for one in edited:
            delete_document(running, one.id)


def _edited(documents: Sequence[CorpusDocument], name: str, edit: object) -> list[CorpusDocument]:
    assert callable(edit)
    return [CorpusDocument(f"{name}/{one.id}", one.title, edit(one.text)) for one in documents]


def delete_document(running: Running, source: str) -> None:
    """Delete a document by its source. Raises ServiceFailed."""
    path = f"/v1/documents/{document_id(COLLECTION, source)}"
    answer = running.client.delete(path)
    if not answer.is_success:
        raise ServiceFailed(f"DELETE {path} answered {answer.status_code}")


def _notices(running: Running, pages: Sequence[CorpusDocument], random: Random) -> Iterator[KindCount]:
    """Pages that end with a company's notice."""
    signed = [
        CorpusDocument(
            f"notices/{one.id}", one.title, f"{one.text}\n\n# Notice\n\n{planting.notice(random)}\n"
        )
        for one in pages
    ]
    _ingested(running, signed[:FIRST])
    found = _ingested(running, signed[FIRST:])
    notices = [one for one in found if _is_notice(one)]
    flagged = sum("boilerplate" in one.flags for one in notices)
    yield KindCount("boilerplate", f"notice after {FIRST} pages", True, len(notices), flagged)
    rest = [one for one in found if not any(line[:40] in one.text for line in NOTICES)]
    alarms = sum("boilerplate" in one.flags for one in rest)
    yield KindCount("boilerplate", "the rest of those pages", False, len(rest), alarms)


def _is_notice(passage: Passage) -> bool:
    known = {"Notice", *(line.format(year=2024) for line in NOTICES)}
    return all(line in known for line in passage.text.splitlines() if line.strip())


def _planted(clean: Sequence[Passage], per_kind: int, half: Half, random: Random) -> list[Case]:
    carriers = [one.text for one in clean if len(one.text) >= LEAST and not one.flags]
    prose = [text for text in carriers if sum(one.isalpha() or one == " " for one in text) > 0.9 * len(text)]
    cases: list[Case] = []
    for reason, makers, planted in _MAKERS:
        for kind, maker in makers.items():
            for _ in range(per_kind):
                text = planting.inserted(random.choice(carriers), maker(random), random)
                cases.append(Case(reason, kind, planted, text))
    for _ in range(per_kind):
        for rate in (0.05, 0.1, 0.15, 0.2):
            text = planting.misread(random.choice(prose), rate, random)
            cases.append(Case("low_quality", f"{rate:.0%} of the characters misread", True, text))
        text = planting.mojibake(random.choice(carriers), random)
        cases.append(Case("low_quality", "wrong encoding", True, text))
    return cases + list(_foreign(half))


_MAKERS: tuple[tuple[Reason, Mapping[str, Maker], bool], ...] = (
    ("secret", SECRETS, True),
    ("secret", NO_SECRETS, False),
    ("personal_data", PERSONAL, True),
    ("personal_data", NO_PERSONAL, False),
)


def _foreign(half: Half) -> Iterator[Case]:
    """Three sentences at a time of spaCy's examples, in half of its languages and in English."""
    import spacy.lang

    for module in pkgutil.iter_modules(spacy.lang.__path__):
        try:
            sentences = list(importlib.import_module(f"spacy.lang.{module.name}.examples").sentences)
        except ModuleNotFoundError:
            continue
        english = module.name == "en"
        for start in range(len(sentences) - 2 if english or _half_of(module.name) == half else 0):
            text = "\n".join(sentences[start : start + 3])
            yield Case("language", "English" if english else "other languages", not english, text)


def _cases(running: Running, cases: Sequence[Case]) -> list[KindCount]:
    documents = [CorpusDocument(f"cases/{place:05d}", "", one.text) for place, one in enumerate(cases)]
    flags: dict[str, set[str]] = {}
    for passage in _ingested(running, documents):
        flags.setdefault(passage.source, set()).update(passage.flags)
    counts: dict[tuple[Reason, str, bool], list[int]] = {}
    for case, document in zip(cases, documents, strict=True):
        count = counts.setdefault((case.reason, case.kind, case.planted), [0, 0])
        count[0] += 1
        count[1] += case.reason in flags.get(document.id, set())
    return [KindCount(*kind, *count) for kind, count in counts.items()]


def markdown(found: CurationScores) -> str:
    """A line per reason, then a line per kind."""
    lines = []
    for reason in get_args(Reason):
        kinds = [one for one in found.kinds if one.reason == reason]
        right = sum(one.flagged for one in kinds if one.planted)
        planted = sum(one.cases for one in kinds if one.planted)
        wrong = sum(one.flagged for one in kinds if not one.planted)
        alike = sum(one.cases for one in kinds if not one.planted)
        share = f"{right / (right + wrong):.3f}" if right + wrong else "–"
        recall = f"{right / planted:.3f}" if planted else "–"
        alarms = f"{found.untouched[reason]} of {found.passages}"
        lines.append([reason, f"{right} of {planted}", recall, f"{wrong} of {alike}", share, alarms])
    header = ["reason", "planted found", "recall", "alarms on lookalikes", "precision", "flagged untouched"]
    rows = [
        [one.reason, one.kind, "yes" if one.planted else "no", str(one.cases), str(one.flagged)]
        for one in found.kinds
    ]
    kinds_table = table(["reason", "kind", "planted", "cases", "flagged"], rows)
    return f"{table(header, lines)}\n\n{kinds_table}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.bench.curation", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--half", choices=get_args(Half), default="report")
    parser.add_argument("--pages", type=int, default=100, help="pages of each folder")
    parser.add_argument("--per-kind", type=int, default=30, help="cases of each kind of secret, noise …")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where to write everything as JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after an error that it names."""
    given = _arguments(argv)
    try:
        found = measure(given.folders, given.half, given.pages, given.per_kind, given.seed)
    except RagError as error:
        print(f"error: {error.message} ({error.code})", file=sys.stderr)
        return 1
    print(markdown(found))
    if given.out:
        whole = {"machine": machine(), **asdict(found)}
        write_whole(given.out, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
