"""Who answers: the reader alone if it is sure, else the LLM if there is one, else nobody, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from rag.answer.flow import Draft
from rag.answer.read import best_reading, quote_answer
from rag.answer.tables import TextOf, passage
from rag.answer.write import Generator, OnToken, Prompt, Visible, Written, clean, is_refusal, prompt_for
from rag.errors import GeneratorError
from rag.models.types import Reader
from rag.types import AnswerMode, Hit, Step

_NOTHING_THERE = 0.9
"""From this probability on that no passage answers, the reason is that none is relevant."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least calibrated probability of the reader to answer at all, and to answer without asking the LLM."""

    answer: float
    alone: float


def read_step(
    question: str,
    hits: Sequence[Hit],
    draft: Draft,
    reader: Reader,
    least: Thresholds,
    mode: AnswerMode,
    llm: bool,
    text_of: TextOf | None = None,
) -> Draft:
    """Let the reader answer. With an LLM at hand it takes more certainty to go without it."""
    if not hits or draft.reason:
        return draft
    started = perf_counter()
    result = reader.read(question, [passage(hit) for hit in hits])
    quoted = quote_answer(result, hits, least.answer, text_of)
    best = best_reading(result, hits)
    confidence = best.probability if best else 0.0
    needed = least.alone if llm and mode != "extractive" else least.answer
    taken = bool(quoted) and confidence >= needed
    why = None if taken else _why_not(result.no_answer_probability)
    step = Step("reader", reader.info.name, confidence, taken, why)
    answered = replace(draft, claims=quoted if taken else (), fallback=quoted, reason=why)
    return answered.stepped(step).timed("read", started)


def _why_not(no_answer_probability: float) -> str:
    return "no_relevant_passage" if no_answer_probability >= _NOTHING_THERE else "low_confidence"


def generate_step(
    question: str, hits: Sequence[Hit], draft: Draft, generator: Generator, on_token: OnToken
) -> Draft:
    """Let the LLM answer where nobody has; its failure or refusal is a step of the route, no exception."""
    if draft.claims or not hits:
        return draft
    started = perf_counter()
    prompt, visible = prompt_for(question, hits), Visible(on_token)
    try:
        written = generator.write(prompt, visible)
        visible.finish()
    except GeneratorError as error:
        return _failed(draft, generator, error.code).timed("generate", started)
    return _taken(draft, generator, prompt, written).timed("generate", started)


def _taken(draft: Draft, generator: Generator, prompt: Prompt, written: Written) -> Draft:
    text = clean(written.text)
    spent = replace(draft, usage=written.usage)
    if not text or is_refusal(text):
        return _failed(spent, generator, "no_answer_in_passages" if text else "generator_empty")
    wrote = replace(spent, prompt=prompt, written=text, reason=None)
    return wrote.stepped(Step("generator", generator.model, None, True))


def _failed(draft: Draft, generator: Generator, reason: str) -> Draft:
    step = Step("generator", generator.model, None, False, reason)
    return replace(draft, reason=draft.reason or reason).stepped(step)


def fall_back(
    question: str,
    hits: Sequence[Hit],
    draft: Draft,
    reader: Reader,
    least: Thresholds,
    text_of: TextOf | None = None,
) -> Draft:
    """Take what the reader can quote where the LLM did not answer, and say so."""
    read = draft
    if not any(step.step == "reader" for step in draft.route):
        unread = replace(draft, reason=None)
        read = read_step(question, hits, unread, reader, least, "extractive", False, text_of)
    if read.claims or not read.fallback:
        return read
    step = Step("reader", reader.info.name, read.route[0].confidence, True, "fallback")
    return replace(read, claims=read.fallback, reason=None).stepped(step)
