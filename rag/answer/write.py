"""The written answer: the LLM writes from numbered passages, where nobody has answered yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Protocol

from rag.answer.draft import Draft
from rag.answer.prompt import NO_ANSWER, Prompt, clean, is_refusal, prompt_for
from rag.errors import GeneratorError
from rag.types import Hit, Step, Usage

OnToken = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote, and what it cost."""

    text: str
    usage: Usage


class Generator(Protocol):
    """Writes text. Raises GeneratorError with `generator_timeout`, `generator_failed` and the like."""

    @property
    def model(self) -> str: ...

    def write(self, prompt: Prompt, on_token: OnToken) -> Written: ...


def write(question: str, hits: Sequence[Hit], draft: Draft, generator: Generator, on_token: OnToken) -> Draft:
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


class Visible:
    """Passes on what a model streams, but not its thinking and not NO_ANSWER; either may come in pieces."""

    _OPEN = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
    _CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
    _BEGUN = re.compile(r"<[/a-z]{0,9}\Z", re.IGNORECASE)

    def __init__(self, on_token: OnToken) -> None:
        self._on_token = on_token
        self._held = ""
        self._thinking = False
        self._begins = True
        self._opening = ""

    def __call__(self, text: str) -> None:
        """Take the next piece."""
        self._held += text
        while tag := (self._CLOSE if self._thinking else self._OPEN).search(self._held):
            self._tell(self._held[: tag.start()])
            self._held = self._held[tag.end() :]
            self._thinking = not self._thinking
            self._begins = True
        begun = self._BEGUN.search(self._held)
        ready = begun.start() if begun else len(self._held)
        self._tell(self._held[:ready])
        self._held = self._held[ready:]

    def finish(self) -> None:
        """Pass on what was held back in case a tag or a refusal had begun."""
        self._tell(self._held)
        if self._opening and self._opening.rstrip() != NO_ANSWER:
            self._on_token(self._opening)
        self._held = self._opening = ""

    def _tell(self, text: str) -> None:
        if self._thinking:
            return
        if self._begins:
            self._opening = (self._opening + text).lstrip()
            if NO_ANSWER.startswith(self._opening.rstrip()):
                return
            self._begins, text, self._opening = False, self._opening, ""
        if text:
            self._on_token(text)
