"""The engine: everything needed to search, answer and check, in one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.answer.events import Event
from rag.models.types import Checker, Encoder, Reader, ReadResult
from rag.settings import Settings
from rag.store import Store
from rag.types import Answer, AnswerMode, CheckPolicy, Filter, Hit, Query, Sentence


class Engine:
    """One store, its index replicas and the small models; safe to share between threads."""

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        raise NotImplementedError

    @property
    def encoder(self) -> Encoder: ...

    @property
    def reader(self) -> Reader: ...

    @property
    def checker(self) -> Checker: ...

    def search(
        self, query: Query, *, rerank: bool = True, explain: bool = False
    ) -> tuple[list[Hit], dict[str, float]]: ...

    def ask(
        self,
        question: str,
        collection: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filter | None = None,
    ) -> Answer: ...

    def ask_events(
        self,
        question: str,
        collection: str,
        *,
        k: int = 5,
        mode: AnswerMode = "auto",
        check: CheckPolicy | None = None,
        filters: Filter | None = None,
    ) -> Iterator[Event]: ...

    def read(self, question: str, passages: Sequence[str]) -> ReadResult: ...

    def check(
        self, answer: str, context: Sequence[str], question: str | None = None
    ) -> list[Sentence]: ...

    def warm(self) -> None: ...

    def close(self) -> None: ...
