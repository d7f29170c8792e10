"""Drafts of a passage: every question that the rules make of its sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator

from eval.synthesis.lexicon import Lexicon
from eval.synthesis.rules import Asked, asked_of
from eval.synthesis.sentences import Sentence, sentences_of
from eval.synthesis.tables import rows_of
from eval.synthesis.types import Draft, Passage


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
