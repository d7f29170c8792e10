"""Haystack component: markers become footnotes."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

from haystack import component
from haystack.dataclasses import ChatMessage, Document, GeneratedAnswer

from rag.answer.check import attach
from rag.answer.cite import assemble, claims_from
from rag.answer.components.bound import EngineBound, SettingValues
from rag.answer.components.convert import as_hits, to_answer
from rag.answer.flow import Draft, Hits
from rag.types import CheckPolicy


@component
class FootnoteCiter(EngineBound):
    """Resolves `[1]` markers in a reply to exact spans of the passages; unmarked sentences get what fits."""

    def __init__(self, check: CheckPolicy = "flag", settings: SettingValues | None = None) -> None:
        self.check = check
        self.settings = settings

    @component.output_types(answers=list[GeneratedAnswer], draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        hits: Hits | None = None,
        documents: list[Document] | None = None,
        replies: list[ChatMessage] | list[str] | None = None,
        draft: Draft | None = None,
        check: CheckPolicy | None = None,
    ) -> dict[str, Any]:
        """Cite a draft, or the first of anyone's `replies`, against the passages in their order."""
        started = perf_counter()
        given, before = as_hits(hits, documents).hits, draft or Draft(written=_text(replies))
        if before.written is not None and not before.claims:
            checker = None if (check or self.check) == "off" else self.engine.checker
            cited = attach(claims_from(before.written, given), given, checker, query)
            before = replace(before, claims=cited).timed("cite", started)
        return {
            "answers": [to_answer(query, assemble(before.claims, given), given, before.reason)],
            "draft": before,
        }


def _text(replies: list[ChatMessage] | list[str] | None) -> str | None:
    first = replies[0] if replies else None
    return first.text if isinstance(first, ChatMessage) else first
