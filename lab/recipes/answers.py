"""Fits which parts of passages are chosen as an answer, and how sure that is (`rag.answer.select`).

`python -m lab.recipes.answers --data DIR --store STORE [--reader FOLDER]` asks questions over collections
that are made for it (Wikipedia and stories whose articles train nothing, chunking documents, clapnq), some
of which cannot be answered there: the question is turned, or its document is left out. It prints the weights,
and what they give on the tenths of the questions that each of ten fits leaves out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eval.statistics import calibration_error
from footnote import Footnote
from footnote.calls import Text
from lab.drawing import COLOURS, picture
from lab.recipes.logistic import Bools, Doubles, auc, fit_logistic, fit_signed, predict
from lab.recipes.reader.data import load_clapnq, normal, split_qa
from lab.recipes.reader.turned import turned
from lab.recipes.records import QaRow, bucket
from rag.answer.question import shape_of
from rag.answer.read import READINGS
from rag.answer.select import (
    CONFIDENCE,
    FEATURES,
    PART_WEIGHTS,
    Unit,
    chosen,
    preselected,
    scored,
    signals_of,
    units_of,
)
from rag.answer.tables import passage, with_header
from rag.service import Service
from rag.types import Hit, Query

PASSAGES = 8
TURNS = ("entity", "number", "condition", "attribute", "antonym", "order")
Holds = Callable[[str, str, int, int], float]
"""Source, text and its place in the document to the share of the answer that it holds."""


@dataclass(frozen=True)
class Question:
    """A question to a collection; `holds` says what a quoted text is worth, None where nothing answers."""

    collection: str
    text: str
    holds: Holds | None


@dataclass(frozen=True)
class JudgedParts:
    """A question's parts: their features [n,F], whether each holds (some of) the answer; the chosen ones'
    signals and whether they answer.
    """

    collection: str
    features: Doubles
    right: Bools
    signals: tuple[float, ...]
    answered: bool
    answerable: bool


def strings(answers: Sequence[str], source: str) -> Holds:
    """For answers that are short strings of one source."""
    wanted = [f" {normal(answer)} " for answer in answers if normal(answer)]

    def holds(where: str, text: str, start: int, end: int) -> float:
        return float(where == source and any(answer in f" {normal(text)} " for answer in wanted))

    return holds


def places(spans: Sequence[tuple[int, int]], source: str) -> Holds:
    """For answers that are passages of one source: the share of their characters that is quoted."""
    total = sum(b - a for a, b in spans)

    def holds(where: str, text: str, start: int, end: int) -> float:
        shared = sum(max(0, min(b, end) - max(a, start)) for a, b in spans)
        return shared / total if where == source and total else 0.0

    return holds


def articles(data: Path, dice: random.Random) -> tuple[dict[str, str], list[Question]]:
    """Paragraphs of the articles kept from training, among others; half as many turned questions."""
    splits = split_qa(data)
    kept = [row for row in splits.calibrate if row.spans and not row.source.startswith("subjqa")]
    asked = dice.sample(kept, min(330, len(kept)))
    others = dice.sample(
        sorted({row.context for row in splits.train if not row.source.startswith("subjqa")}), 1500
    )
    texts = sorted({row.context for row in kept} | set(others))
    names = {text: f"{n}.txt" for n, text in enumerate(texts)}
    questions = [
        Question("articles", row.question, strings(_answers(row), names[row.context])) for row in asked
    ]
    wrong = turned(kept, 1.0, 5, TURNS)
    questions += [
        Question("articles", row.question, None) for row in dice.sample(wrong, min(170, len(wrong)))
    ]
    return {name: text for text, name in names.items()}, questions


def _answers(row: QaRow) -> list[str]:
    return [row.context[span.start : span.end] for span in row.spans]


def clapnq(data: Path, dice: random.Random) -> tuple[dict[str, str], list[Question]]:
    """Its passages, questions with the sentences that answer, and as many that none does."""
    rows = load_clapnq(data)
    names = {text: f"{n}.txt" for n, text in enumerate(sorted({row.context for row in rows}))}
    made = []
    for row in dice.sample(rows, min(260, len(rows))):
        spans = [(span.start, span.end) for span in row.spans]
        made.append(Question("clapnq", row.question, places(spans, names[row.context]) if spans else None))
    return {name: text for text, name in names.items()}, made


def documents(data: Path, left_out: str, name: str) -> tuple[dict[str, str], list[Question]]:
    """The chunking documents without one of them, whose questions then have no answer."""
    folder = data / "chunks"
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*.md"))
        if path.stem != left_out
    }
    made = []
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        spans = [(one["start_index"], one["end_index"]) for one in row["references"]]
        source = f"{row['corpus']}.md"
        if source not in texts:
            made.append(Question(name, row["question"], None))
        elif all(
            texts[source][a:b] == one["content"] for (a, b), one in zip(spans, row["references"], strict=True)
        ):
            made.append(Question(name, row["question"], places(spans, source)))
    return texts, made


def ask(service: Service, question: Question) -> JudgedParts | None:
    """The parts that the service would choose from, and what they are worth."""
    text = lambda document: service.store.documents.text(document)  # noqa: E731
    found, _ = service.searcher.search(Query(question.text, question.collection, PASSAGES))
    hits = [with_header(hit, text) for hit in found]
    units = preselected(question.text, units_of(shape_of(question.text), hits, text), hits)
    if not units:
        return None
    result = service.models.reader.read(question.text, [passage(hit) for hit in hits], top=READINGS)
    known = scored(question.text, units, hits, service.models.encoder, result)
    scores = known.features @ np.array(PART_WEIGHTS, np.float32)
    kept = chosen(units, scores.tolist(), hits)
    signals = signals_of(question.text, known, scores, kept, hits, result)
    worth = [_worth([unit], hits, question.holds) for unit in units]
    return JudgedParts(
        question.collection,
        known.features.astype(np.float64),
        np.array([one > 0 for one in worth]),
        signals,
        _worth(kept, hits, question.holds) >= 0.5,
        question.holds is not None,
    )


def _worth(units: Sequence[Unit], hits: Sequence[Hit], holds: Holds | None) -> float:
    if holds is None:
        return 0.0
    return min(1.0, sum(_spans(units, hits, holds)))


def _spans(units: Sequence[Unit], hits: Sequence[Hit], holds: Holds) -> Iterator[float]:
    for unit in units:
        source = hits[unit.hit].document.source
        for span in unit.region.spans:
            start, end = span.start + unit.source.start, span.end + unit.source.start
            yield holds(source, unit.source.text[span.start : span.end], start, end)


def fit_parts(asked: Sequence[JudgedParts]) -> Doubles:
    """Weights [F+1] of FEATURES: parts with answer against the others, each question counting the same."""
    used = [one for one in asked if one.right.any()]
    rows = np.concatenate([one.features for one in used])
    labels = np.concatenate([one.right for one in used]).astype(float)
    sample = np.concatenate([_even(one.right) for one in used])
    return fit_logistic(rows, labels, sample)


def _even(right: Bools) -> Doubles:
    """Right and wrong parts of a question count the same together."""
    return np.asarray(np.where(right, 0.5 / max(1, right.sum()), 0.5 / max(1, (~right).sum())))


SIGNS = (1, 1, 1, -1, 1, 1, 1, 1)
"""Which way each signal of CONFIDENCE pulls: they say much the same, and a fit turns some of them around."""
UNANSWERABLE = 0.15
"""Share of the questions that have no answer: there are more of them here than people ask."""
ACCURACIES = (0.4, 0.5, 0.55, 0.6, 0.7, 0.8)


def weights_of(asked: Sequence[JudgedParts]) -> Doubles:
    """What each question counts: each collection the same, unanswerable ones UNANSWERABLE together."""
    names = [(one.collection, one.answerable) for one in asked]
    parts = {kind: len({name for name, known in names if known == kind}) for kind in (True, False)}
    share = {True: 1 - UNANSWERABLE, False: UNANSWERABLE}
    return np.array([share[name[1]] / parts[name[1]] / names.count(name) for name in names])


def fit_confidence(asked: Sequence[JudgedParts]) -> Doubles:
    """Weights [S+1] of CONFIDENCE."""
    signals = np.array([one.signals for one in asked], np.float64)
    return fit_signed(signals, np.array([one.answered for one in asked], float), weights_of(asked), SIGNS)


def thresholds(chances: Doubles, right: Bools, sample: Doubles) -> list[float]:
    """The least confidence from which on a share of ACCURACIES of the answers is right, rising."""
    order = np.argsort(-chances)
    shares = np.cumsum((right * sample)[order]) / np.cumsum(sample[order])
    found = [np.flatnonzero(shares >= wanted) for wanted in ACCURACIES]
    least = [float(chances[order][places[-1]]) if len(places) else 1.0 for places in found]
    return [round(float(one), 3) for one in np.maximum.accumulate(least)]


def left_out(asked: Sequence[JudgedParts]) -> tuple[Doubles, Bools]:
    """Each question's confidence by a fit on the other nine tenths, and whether it was answered."""
    chances = np.zeros(len(asked))
    groups = np.array([bucket(str(n), 10) for n in range(len(asked))])
    for group in range(10):
        weights = fit_confidence([one for one, at in zip(asked, groups, strict=True) if at != group])
        for n in np.flatnonzero(groups == group).tolist():
            chances[n] = predict(weights, np.array([asked[n].signals]))[0]
    return chances, np.array([one.answered for one in asked])


def coverage(chances: Doubles, asked: Sequence[JudgedParts]) -> str:
    """For each of ACCURACIES from which confidence on it is reached, and which shares of the questions are
    answered then, as Markdown.
    """
    right = np.array([one.answered for one in asked])
    known = np.array([one.answerable for one in asked])
    sample = weights_of(asked)
    lines = [
        "| right | from confidence | answerable ones answered | unanswerable ones |",
        "|---|---|---|---|",
    ]
    for accuracy, least in zip(ACCURACIES, thresholds(chances, right, sample), strict=True):
        given = sample * (chances >= least)
        yes, no = (given[at].sum() / sample[at].sum() for at in (known, ~known))
        lines.append(f"| {accuracy} | {least:.3f} | {yes:.0%} | {no:.0%} |")
    return "\n".join(lines)


def drawn(chances: Doubles, right: Bools, sample: Doubles, bins: int = 8) -> str:
    """A reliability diagram (DeGroot and Fienberg 1983) as SVG: what share was right of the answers of like
    confidence, in bins of as many questions each, and the share of right answers among the surest ones.
    """
    order = np.argsort(chances)
    with picture(6, 4, "How sure, and how often right") as made:
        axes = made.axes
        axes.plot([0, 1], [0, 1], color=COLOURS[6], linewidth=0.8, linestyle=":", label="as sure as right")
        groups = [at for at in np.array_split(order, bins) if len(at)]
        said = [float(np.average(chances[at], weights=sample[at])) for at in groups]
        true = [float(np.average(right[at], weights=sample[at])) for at in groups]
        axes.plot(said, true, marker="o", color=COLOURS[0], label="right, by confidence")
        kept = np.cumsum(sample[order[::-1]])
        shares = np.cumsum((right * sample)[order[::-1]]) / kept
        axes.plot(kept / kept[-1], shares, color=COLOURS[1], label="right, by share of questions answered")
        axes.set_xlabel("confidence; share of questions answered, the surest first")
        axes.set_ylabel("share of right answers")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.legend(frameon=False)
    return made.svg


def main() -> None:
    """Print the weights and what they give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True, help="where the collections are kept")
    parser.add_argument("--reader", default="footnote-reader")
    parser.add_argument("--most", type=int, default=0, help="questions of each collection; 0: all")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="of the questions that are asked, drawn")
    parser.add_argument("--out", type=Path, help="where to keep what was asked")
    parser.add_argument("--svg", type=Path, help="where to draw how sure and how right the answers are")
    args = parser.parse_args()
    dice = random.Random(1)
    sets = {
        "articles": articles(args.data, dice),
        "clapnq": clapnq(args.data, dice),
        "documents": documents(args.data, "", "documents"),
        "fewer": documents(args.data, "state_of_the_union", "fewer"),
    }
    asked: list[JudgedParts] = []
    with Footnote(args.store, reader=args.reader, reader_candidates=0, threads=args.threads) as footnote:
        there = {one.name for one in footnote.collections()}
        for name, (texts, questions) in sets.items():
            if name not in there:
                footnote.ingest(
                    [Text(source=source, text=text) for source, text in texts.items()], collection=name
                )
            drawing = random.Random(7)
            wanted = [
                one
                for one in questions
                if (name != "fewer" or one.holds is None) and drawing.random() < args.share
            ]
            for question in wanted[: args.most or None]:
                one = ask(footnote._service, question)
                if one is not None:
                    asked.append(one)
            print(name, len(wanted), flush=True)
    parts = fit_parts(asked)
    print("PART_WEIGHTS", dict(zip(FEATURES, parts.round(3).tolist(), strict=False)))
    print(
        "CONFIDENCE_WEIGHTS",
        dict(zip((*CONFIDENCE, "intercept"), fit_confidence(asked).round(3).tolist(), strict=True)),
    )
    chances, right = left_out(asked)
    for name in (*sets, ""):
        at = np.array([one.collection == name or not name for one in asked])
        error = calibration_error(chances[at].tolist(), right[at].astype(float).tolist())
        print(
            name or "all",
            f"right {right[at].mean():.3f} auc {auc(chances[at], right[at]):.3f} ece {error:.3f}",
        )
    print("THRESHOLDS", dict(zip(ACCURACIES, thresholds(chances, right, weights_of(asked)), strict=True)))
    print(coverage(chances, asked))
    if args.svg:
        args.svg.write_text(drawn(chances, right, weights_of(asked)), encoding="utf-8")
    if args.out:
        rows = [
            replace(one, features=one.features.tolist(), right=one.right.tolist()).__dict__ for one in asked
        ]
        args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
