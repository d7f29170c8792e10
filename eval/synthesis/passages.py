"""What questions are made of: passages, their usable sentences, and drafts; options of a synthesis."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from eval.cases import Case
from eval.synthesis.lexicon import Lexicon
from rag.errors import InvalidInput
from rag.store import Store
from rag.text.rows import is_row
from rag.text.sentences import evidence_sentences
from rag.types import Chunk, Document, Usage

Kind = Literal["single", "multi", "unanswerable"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TYPES: Mapping[Kind, str] = {"single": "single_hop", "multi": "multi_hop", "unanswerable": "unanswerable"}
"""The type that a case of each kind gets."""

Progress = Callable[[Kind, int, int], None]
"""Called with a kind, the cases made of it and how many are wanted; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Options:
    """How many cases, of which kinds, from which seed; `max_cost` bounds what an LLM may cost."""

    count: int = 100
    kinds: tuple[Kind, ...] = KINDS
    seed: int = 0
    llm: bool = False
    max_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk and the document it is of."""

    chunk: Chunk
    document: Document

    @property
    def text(self) -> str:
        """The chunk's text."""
        return self.chunk.text


@dataclass(frozen=True, slots=True)
class Draft:
    """A question before it is checked: `start` and `end` bound what it was made of in the passage's text.

    `frame` is the question with `{}` for its subject, where the rule knows one.
    """

    question: str
    reference: str
    rule: str
    passage: Passage
    start: int
    end: int
    subject: str = ""
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What was made. `dropped` counts the drafts that failed, by reason, `rules` the cases by what made them;
    `wanted` is how many cases each kind should have had.
    """

    cases: tuple[Case, ...]
    drafts: int
    dropped: Mapping[str, int]
    rules: Mapping[str, int]
    wanted: Mapping[Kind, int]
    usage: Usage = field(default_factory=Usage)


_MOST_DOCUMENTS = 2000


@dataclass(frozen=True)
class Source:
    """A collection's documents, in an order of chance, each with its passages, and what its words are."""

    collection: str
    documents: tuple[tuple[Passage, ...], ...]
    lexicon: Lexicon

    def spread(self, seed: int) -> Iterator[Passage]:
        """One passage of every document, then a second one of each, and so on."""
        shuffled: list[list[Passage]] = []
        for passages in self.documents:
            own = list(passages)
            random.Random(f"{seed} {own[0].document.id}").shuffle(own)
            shuffled.append(own)
        for turn in range(max(map(len, shuffled))):
            yield from (own[turn] for own in shuffled if turn < len(own))


def source_of(store: Store, collection: str, seed: int) -> Source:
    """The searchable passages in which curation found nothing. Of a very large collection a sample.

    Raises NotFound `collection_not_found`, InvalidInput `collection_empty`.
    """
    store.collections.get(collection)
    records = [
        record.document for record in store.documents.every(collection, status="ready") if record.chunks
    ]
    random.Random(seed).shuffle(records)
    documents = []
    for document in records[:_MOST_DOCUMENTS]:
        chunks = [chunk for chunk in store.chunks.of(document.id) if not chunk.findings]
        if chunks:
            documents.append(tuple(Passage(chunk, document) for chunk in chunks))
    if not documents:
        raise InvalidInput(f"{collection} has no passage to ask about.", code="collection_empty")
    return Source(collection, tuple(documents), Lexicon.of(_texts(documents)))


def _texts(documents: Sequence[Sequence[Passage]]) -> list[list[str]]:
    return [[passage.text for passage in passages] for passages in documents]


_LEAST_WORDS, _MOST_WORDS = 5, 45

_CODE = re.compile(r"[{}<>=|\\\[\]`~^]|https?://|://|\w\(\)|\bcurl\b|^\s*(?:GET|PUT|POST|DELETE|HEAD)\s")


_BULLET = re.compile(r"^(?:[-*+•‣◦–]|\(?\d{1,3}[.)])\s+")


_POINTING = re.compile(
    r"\b(this|these|those|here|(?:above|below)(?! (?:the|an?|\d))|following|preceding|previous|previously"
    r"|aforementioned|latter|former|i|we|our|us|my|me|he|she|him|his|her|hers|ours)\b",
    re.IGNORECASE,
)


_REFERRING = re.compile(
    r"\b(see|refer to|for (?:more|further|additional) information|for example|e\.g\.|i\.e\.)", re.I
)


@dataclass(frozen=True, slots=True)
class PassageSentence:
    """A sentence without its full stop, and its span in the passage's text."""

    text: str
    start: int
    end: int


def plain(text: str) -> str:
    """One line without the marks of tokenised corpora ("@-@", a space before a comma)."""
    text = re.sub(r" @([-,.])@ ", r"\1", " ".join(text.split()))
    text = re.sub(r"\s+([,.;:!?%)\]]|['’]s\b|n['’]t\b)", r"\1", text)
    text = re.sub(r"s (['’]) (?=[a-z])", r"s\1 ", text)
    text = re.sub(r'" ([^"]+) "', r'"\1"', text)
    return re.sub(r"([(\[])\s+", r"\1", text)


def sentences_of(text: str) -> Iterator[PassageSentence]:
    """The usable sentences."""
    for start, end in evidence_sentences(text):
        raw = text[start:end]
        if is_row(raw):
            continue
        found = plain(_BULLET.sub("", raw))
        if _is_usable(found):
            yield PassageSentence(found.rstrip(" .").strip(), start, end)


def stands_alone(text: str) -> bool:
    """Whether a text points at nothing outside itself."""
    return not _POINTING.search(text) and not _REFERRING.search(text)


def _is_usable(text: str) -> bool:
    words = text.split()
    whole = text.endswith(".") and not text.endswith("..") and (text[:1].isupper() or text[:1].isdigit())
    fits = _LEAST_WORDS <= len(words) <= _MOST_WORDS and not _CODE.search(text) and "<unk>" not in text
    balanced = text.count("(") == text.count(")") and text.count('"') % 2 == 0
    return whole and fits and balanced and ":" not in text and ";" not in text
