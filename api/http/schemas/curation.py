"""Curation: a collection's policy, and what is in quarantine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.config import JsonDict

from api.http.schemas.base import In, Out, example
from api.http.schemas.documents import FlagOut
from rag.store import QuarantinedChunk
from rag.types import Action, CurationPolicy

_DEFAULT = CurationPolicy()
_POLICY: JsonDict = {
    "secret": "quarantine",
    "personal_data": "flag",
    "low_quality": "flag",
    "language": "flag",
    "boilerplate": "flag",
    "exact_duplicate": "flag",
    "near_duplicate": "flag",
    "languages": ["en", "de"],
}
_HELD: JsonDict = {
    "chunk_id": "0a1b2c3d4e5f60718293a4b5",
    "document_id": "5f2b8c1d9e0a4b3c7d6e5f4a",
    "source": "manuals/setup.md",
    "title": "Setting up",
    "reason": "secret",
    "ordinal": 3,
    "start": 1200,
    "end": 1410,
    "page": None,
    "headings": ["Setting up"],
    "text": "Log in as admin with …",
    "flags": [{"reason": "secret", "text": "Password or key", "start": 1231, "end": 1243}],
}
Ids = Annotated[list[str], Field(min_length=1, max_length=1000)]


class CurationIn(In):
    """What becomes of a chunk in which something is found; what is left out is as by default."""

    model_config = example(_POLICY)
    secret: Action = _DEFAULT.secret
    personal_data: Action = _DEFAULT.personal_data
    low_quality: Action = _DEFAULT.low_quality
    language: Action = _DEFAULT.language
    boilerplate: Action = _DEFAULT.boilerplate
    exact_duplicate: Action = _DEFAULT.exact_duplicate
    near_duplicate: Action = _DEFAULT.near_duplicate
    languages: Annotated[
        list[Annotated[str, Field(min_length=2, max_length=3)]],
        Field(
            default_factory=list,
            max_length=50,
            description="ISO 639-1 codes of what belongs here; none: every language.",
        ),
    ]

    def policy(self) -> CurationPolicy:
        """For the store."""
        return CurationPolicy(**{**self.model_dump(), "languages": tuple(self.languages)})


class CurationOut(Out):
    """A collection's policy."""

    model_config = example(_POLICY)
    secret: Action
    personal_data: Action
    low_quality: Action
    language: Action
    boilerplate: Action
    exact_duplicate: Action
    near_duplicate: Action
    languages: list[str]

    @classmethod
    def of(cls, policy: CurationPolicy) -> CurationOut:
        """From the store's record."""
        return cls(
            secret=policy.secret,
            personal_data=policy.personal_data,
            low_quality=policy.low_quality,
            language=policy.language,
            boilerplate=policy.boilerplate,
            exact_duplicate=policy.exact_duplicate,
            near_duplicate=policy.near_duplicate,
            languages=list(policy.languages),
        )


class QuarantinedOut(Out):
    """A passage that is kept out of search; `reason` keeps it there, `flags` are all that was found."""

    model_config = example(_HELD)
    chunk_id: str
    document_id: str
    source: str
    title: str
    reason: str
    ordinal: int
    start: int
    end: int
    page: int | None
    headings: list[str]
    text: str
    flags: list[FlagOut]

    @classmethod
    def of(cls, held: QuarantinedChunk) -> QuarantinedOut:
        """From the store's record."""
        chunk = held.chunk
        return cls(
            chunk_id=chunk.id,
            document_id=chunk.document_id,
            source=held.source,
            title=held.title,
            reason=held.reason,
            ordinal=chunk.ordinal,
            start=chunk.start,
            end=chunk.end,
            page=chunk.page,
            headings=list(chunk.headings),
            text=chunk.text,
            flags=[FlagOut.of(finding) for finding in chunk.findings],
        )


class QuarantineOut(Out):
    """One page of what is in quarantine; `next_cursor` leads to the next one."""

    model_config = example({"chunks": [_HELD], "next_cursor": None})
    chunks: list[QuarantinedOut]
    next_cursor: str | None


class ReleaseIn(In):
    """The passages to make searchable."""

    model_config = example({"chunk_ids": ["0a1b2c3d4e5f60718293a4b5"]})
    chunk_ids: Ids


class ReleasedOut(Out):
    """How many passages came out of quarantine."""

    model_config = example({"released": 1})
    released: int
