"""Questions as people ask them, over real folders: right, partly, wrong, abstained, by type of question.

`python -m lab.bench.questions QUESTIONS --folder handbook=DIR --folder filings=DIR --data STORE --out OUT`

QUESTIONS is a JSON-lines file in whose folder a `score.py` says what is right. Each folder is ingested once
into a collection of the store; with `--set NAME=VALUE` the service runs with other settings. OUT gets the
answers, the outcome of each question and the table. An answer longer than 1,000 characters counts as partly
right at most.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from footnote import Footnote
from footnote.models import Answer

LONGEST = 1000
NOT_READ = ("LICENSE*", "SOURCE.md", "score.py")
OUTCOMES = ("right", "partly", "wrong", "abstained")


@dataclass(frozen=True)
class Outcome:
    """One question's outcome, with what was answered and the processor seconds it took."""

    id: str
    type: str
    answerable: bool
    outcome: str
    question: str
    answer: str
    abstained: bool
    sources: tuple[str, ...]
    confidence: float | None
    words: int
    seconds: float


def scorer(folder: Path) -> ModuleType:
    """The folder's score.py as a module."""
    spec = importlib.util.spec_from_file_location("score", folder / "score.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(folder / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ingest(service: Footnote, folders: Mapping[str, Path]) -> None:
    """Each folder into the collection of its name; what is there already is skipped."""
    for name, folder in folders.items():
        job = service.ingest(folder, collection=name, exclude=NOT_READ)
        print(f"{name}: {job.status}, {len(job.errors)} files not read", flush=True)


def ask(service: Footnote, question: Mapping[str, Any], judge: ModuleType) -> Outcome:
    """Ask one question and judge what came."""
    started = time.process_time()
    answer: Answer = service.ask(
        question["question"], collection=question["folder"], history=question.get("history", ())
    )
    seconds = time.process_time() - started
    sources = tuple(dict.fromkeys(citation.source for citation in answer.citations))
    given = {
        "id": question["id"],
        "answer": answer.answer,
        "abstained": answer.abstained,
        "sources": list(sources),
    }
    outcome, _, _ = judge.judge(question, given)
    if outcome == "right" and len(answer.answer) > LONGEST and not answer.abstained:
        outcome = "partly"
    return Outcome(
        question["id"],
        question["type"],
        question["answerable"],
        outcome,
        question["question"],
        answer.answer,
        answer.abstained,
        sources,
        max((step.confidence for step in answer.route if step.confidence is not None), default=None),
        0 if answer.abstained else len(answer.answer.split()),
        round(seconds, 3),
    )


def table(asked: Sequence[Outcome]) -> str:
    """The shares by type, then of all answerable and all unanswerable ones, as Markdown."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in asked:
        groups[one.type].append(one)
    groups["**answerable**"] = [one for one in asked if one.answerable]
    groups["**unanswerable**"] = [one for one in asked if not one.answerable]
    lines = [
        "| type | n | right | partly | wrong | abstained | words |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, group in groups.items():
        if group:
            shares = [sum(one.outcome == outcome for one in group) / len(group) for outcome in OUTCOMES]
            said = [one.words for one in group if not one.abstained]
            words = f"{sum(said) / len(said):.0f}" if said else "–"
            lines.append(f"| {name} | {len(group)} | {' | '.join(f'{s:.0%}' for s in shares)} | {words} |")
    return "\n".join(lines)


def main() -> None:
    """Ask all questions, write what came, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", type=Path)
    parser.add_argument(
        "--folder", action="append", default=[], metavar="NAME=DIR", help="where a folder lies"
    )
    parser.add_argument("--data", type=Path, required=True, help="the store, kept between runs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    args = parser.parse_args()
    lines = args.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines if line.strip()]
    judge = scorer(args.questions.parent)
    settings = dict(pair.split("=", 1) for pair in args.set)
    folders = {name: Path(folder) for name, _, folder in (pair.partition("=") for pair in args.folder)}
    with Footnote(args.data, **settings) as service:
        ingest(service, folders)
        asked = [ask(service, question, judge) for question in questions if question["folder"] in folders]
    args.out.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{json.dumps(asdict(one), ensure_ascii=False)}\n" for one in asked)
    (args.out / "answers.jsonl").write_text(rows, encoding="utf-8")
    (args.out / "table.md").write_text(table(asked) + "\n", encoding="utf-8")
    print(table(asked))
    print(f"{sum(one.seconds for one in asked) / len(asked):.2f} processor seconds a question")


if __name__ == "__main__":
    main()
