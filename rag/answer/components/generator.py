"""Haystack component: the LLM answers where the reader did not."""

from __future__ import annotations

from typing import Any

from haystack import component
from haystack.dataclasses import ChatMessage, Document

from rag.answer.components.bound import EngineBound, SettingValues
from rag.answer.components.convert import as_hits
from rag.answer.events import TokenEvent
from rag.answer.flow import Draft, Emit, Hits
from rag.answer.route import fall_back, generate_step
from rag.types import AnswerMode


@component
class FootnoteGenerator(EngineBound):
    """Writes an answer from numbered passages over an OpenAI-compatible server, when one is configured.

    What the reader already answered passes through. A failing server is a step of the draft's route, and what
    the reader quoted takes the place of its answer. `replies` holds the text for other components.
    """

    def __init__(self, settings: SettingValues | None = None) -> None:
        self.settings = settings

    @component.output_types(replies=list[ChatMessage], draft=Draft)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str,
        hits: Hits | None = None,
        documents: list[Document] | None = None,
        draft: Draft | None = None,
        mode: AnswerMode = "auto",
        emit: Emit | None = None,
    ) -> dict[str, Any]:
        """Write; `emit` gets the tokens as they come."""
        given, before = as_hits(hits, documents).hits, draft or Draft()
        engine = self.engine
        if engine.generator is None or mode == "extractive" or before.claims:
            return {"replies": [], "draft": before}

        def on_token(text: str) -> None:
            if emit is not None:
                emit(TokenEvent(text))

        wrote = generate_step(query, given, before, engine.generator, on_token)
        if wrote.written is None:
            text_of = engine.store.documents.text if hits is not None else None
            read = fall_back(query, given, wrote, engine.reader, engine.thresholds, text_of)
            return {"replies": [], "draft": read}
        return {"replies": [ChatMessage.from_assistant(wrote.written)], "draft": wrote}
