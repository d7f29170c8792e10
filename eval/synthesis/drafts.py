"""Drafts of a passage: every question that the rules make of its sentences and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eval.synthesis.clauses import base_of
from eval.synthesis.lexicon import Lexicon
from eval.synthesis.rules import Asked, asked_of
from eval.synthesis.sentences import Sentence, plain, sentences_of, stands_alone
from eval.synthesis.types import Draft, Passage
from rag.answer.tables import cells, is_row
from rag.models.claims import stem


def drafts_of(passage: Passage, lexicon: Lexicon) -> Iterator[Draft]:
    """All questions of a passage."""
    for sentence in sentences_of(passage.text):
        for asked in asked_of(sentence.text, lexicon):
            yield _draft(passage, sentence, asked)
    for row, asked in rows_of(passage.text, lexicon):
        yield _draft(passage, row, asked)


def _draft(passage: Passage, place: Sentence, asked: Asked) -> Draft:
    return Draft(
        asked.question,
        asked.reference,
        asked.rule,
        passage,
        place.start,
        place.end,
        asked.subject,
        asked.frame,
    )


_KINDS = re.compile(
    r"(?:.* )?(parameter|setting|field|property|option|argument|attribute|metric|variable|flag|statistic)s?",
    re.IGNORECASE,
)
_SAYS = re.compile(r"description|meaning|purpose|explanation", re.IGNORECASE)
_NAME = re.compile(r"[\w.$-]{5,60}")
_DEFAULT = re.compile(
    r"\b(?:The default(?: value)?|Default) (?:is|=) ?"
    r"([\w.:%-]+(?: (?:seconds?|minutes?|hours?|days?|bytes))?)"
)
_NOTHING = frozenset(("", "-", "–", "—", "n/a", "none", "null", "no", "yes", "required", "varies"))


def rows_of(text: str, lexicon: Lexicon) -> Iterator[tuple[Sentence, Asked]]:
    """Each row of the passage's tables with the questions that it answers."""
    header: tuple[str, ...] | None = None
    at = 0
    for line in text.splitlines(keepends=True):
        start, at = at, at + len(line)
        if not is_row(line):
            header = None
        elif header is None:
            header = cells(line)
        elif len(row := cells(line)) == len(header) and not set("".join(row)) <= set("-: "):
            place = Sentence(plain(line), start, start + len(line.rstrip()))
            yield from ((place, asked) for asked in _asked(header, row, lexicon))


def _asked(header: tuple[str, ...], row: tuple[str, ...], lexicon: Lexicon) -> Iterator[Asked]:
    kind = _KINDS.fullmatch(header[0])
    columns = [n for n, name in enumerate(header) if n and _SAYS.search(name)]
    if not kind or not columns or not _NAME.fullmatch(row[0]) or lexicon.documents[stem(row[0].lower())] > 1:
        return
    subject, told = f"the {row[0]} {kind[1].lower()}", plain(row[columns[0]])
    yield from _meaning(subject, told, lexicon)
    given = next((row[n] for n, name in enumerate(header) if name.lower().startswith("default")), "")
    in_text = _DEFAULT.search(told)
    default = given or (in_text[1].rstrip(".") if in_text else "")
    if default.lower() not in _NOTHING and len(default.split()) <= 4:
        frame = "What is the default value of {}?"
        yield Asked(frame.format(subject), default.rstrip("."), "default", subject, frame)


def _meaning(subject: str, told: str, lexicon: Lexicon) -> Iterator[Asked]:
    first = re.split(r"(?<=[.!?]) ", told)[0].rstrip(".")
    words = first.split()
    if not 4 <= len(words) <= 35 or not stands_alone(first) or first.count("(") != first.count(")"):
        return
    verb = base_of(words[0].lower(), lexicon)
    if verb is not None and verb[1] == "does":
        frame = "What does {} do?"
    elif words[0] == "Whether":
        frame = "What does {} control?"
    elif words[0] in ("The", "A", "An"):
        frame = "What is {}?"
    else:
        return
    yield Asked(frame.format(subject), first, "parameter", subject, frame)
