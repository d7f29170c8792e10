"""Haystack component: a verdict on each sentence."""

from __future__ import annotations

from typing import Any

from haystack import component
from haystack.dataclasses import Document, GeneratedAnswer

from rag.answer.cite import assemble
from rag.answer.components.bound import EngineBound, SettingValues
from rag.answer.components.convert import as_hits, to_answer
from rag.answer.flow import Draft, Hits
from rag.types import CheckPolicy


@component
class FootnoteChecker(EngineBound):
    """Checks each sentence of a draft against the passages it cites and applies a policy."""

    def __init__(self, check: CheckPolicy = "flag", settings: SettingValues | None = None) -> None:
        self.check = check
        self.settings = settings

    @component.output_types(answers=list[GeneratedAnswer], draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        draft: Draft,
        hits: Hits | None = None,
        documents: list[Document] | None = None,
        check: CheckPolicy | None = None,
    ) -> dict[str, Any]:
        """Check, and drop, refuse or retry as the policy says."""
        given = as_hits(hits, documents).hits
        checked = self.engine.checked(query, given, draft, check or self.check)
        return {
            "answers": [to_answer(query, assemble(checked.claims, given), given, checked.reason)],
            "draft": checked,
        }
