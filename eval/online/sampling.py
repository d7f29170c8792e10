"""Which live answers are sampled, and what is kept of one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rag.store import NewSample, PassageRef, SampledSentence, SampleTexts
from rag.types import Answer, Sentence

_MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Live:
    """An answer that was just given. `at` is when."""

    request_id: str
    collection: str
    question: str
    answer: Answer
    at: datetime


def is_sampled(request_id: str, question: str, share: float) -> bool:
    """Whether this answer is of the `share` (0 to 1) that is sampled: the same in every process, by a hash.

    The question is in it for the sake of clients that send one request id for all they ask.
    """
    digest = hashlib.blake2b(f"{request_id}\0{question}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") < share * 2**64


def to_sample(live: Live) -> NewSample:
    """What is kept: the texts of question and response, the passages by reference, verdicts and times."""
    answer = live.answer
    passages = {hit.chunk.id: hit.chunk for hit in answer.hits}
    numbers = {chunk: number for number, chunk in enumerate(passages, start=1)}
    response, sentences = _renumbered(answer, {c.marker: numbers[c.chunk_id] for c in answer.citations})
    refs = tuple(PassageRef(one.document_id, one.ordinal, one.id) for one in passages.values())
    return NewSample(
        collection=live.collection,
        request_id=live.request_id,
        created_at=live.at,
        abstained=answer.abstained,
        reason=answer.reason,
        route=next((step.step for step in reversed(answer.route) if step.taken), "none"),
        supported=_supported(answer),
        timings=answer.timings,
        texts=SampleTexts(live.question, response, refs, sentences),
    )


def _supported(answer: Answer) -> float | None:
    labels = [sentence.verdict.label for sentence in answer.sentences if sentence.verdict]
    return sum(label == "supported" for label in labels) / len(labels) if labels else None


def _renumbered(answer: Answer, number: Mapping[int, int]) -> tuple[str, tuple[SampledSentence, ...]]:
    """The text with markers that count in the passages instead of the footnotes, and where its sentences are
    now.
    """
    text, position = "", 0
    sentences: list[SampledSentence] = []
    for sentence in answer.sentences:
        text += answer.text[position : sentence.start]
        start, position = len(text), sentence.end
        text += _with_numbers(sentence, number)
        verdict = sentence.verdict
        label, support = (verdict.label, verdict.support) if verdict else (None, None)
        sentences.append(SampledSentence(start, len(text), label, support))
    return text + answer.text[position:], tuple(sentences)


def _with_numbers(sentence: Sentence, number: Mapping[int, int]) -> str:
    def renumber(match: re.Match[str]) -> str:
        marker = int(match[1])
        return f"[{number[marker]}]" if marker in sentence.citations else match[0]

    return _MARKER.sub(renumber, sentence.text)
