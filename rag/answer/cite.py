"""Citations: an LLM's text becomes claims, its markers exact spans; a claim without one may get one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import perf_counter

from rag.answer.draft import Anchor, Claim, Draft
from rag.answer.evidence import evidence_text, in_evidence
from rag.answer.overlap import content_words, coverage, support_span
from rag.models.types import Checker
from rag.text.sentences import MARKER, split_sentences
from rag.types import Evidence, Hit, Verdict

_NAME = r"(?:passages?|sources?|documents?|docs?|refs?\.?)"
_NAMED = rf"\[\s*{_NAME}\s*:?\s*\d+(?:\s*(?:,|and|&)\s*(?:{_NAME}\s*)?\d+)*\s*\]"
_MARKER = re.compile(rf"(?:{MARKER}|{_NAMED})(?:\(\S{{0,500}}?\))?", re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\s*[-–]\s*\d+)?")
_LIST_TITLE = re.compile(
    r"[#*_ \t]*(?:sources?|references?|citations?|footnotes?)[*_ \t]*:?[*_ \t]*", re.IGNORECASE
)
_LIST_ITEM = re.compile(r"\s*[-*]?\s*(?:\[|【|\d+\.)")
_DEFINITION = re.compile(r"^[ \t]*\[\^\d+\]:.*$", re.MULTILINE)
_FULL_STOP = re.compile(r"[.!?…。！？:]+\Z")
_LONGEST_RANGE = 20
_CANDIDATES = 3
"""Passages that are looked at for a sentence without a footnote."""
_LEAST_COVERAGE = 0.3
_LEAST_COVERAGE_UNCHECKED = 0.7
"""Share of a sentence's words that a passage must hold, with and without the checker having a say."""
_FEWEST_WORDS = 2
"""A sentence with fewer content words ("Yes.", "Here is what I found:") states nothing to look up."""


def cite(question: str, hits: Sequence[Hit], draft: Draft, checker: Checker | None) -> Draft:
    """Cut what an LLM wrote into claims with footnotes; a quoted answer has its own already.

    Without a checker, statements that the LLM left without a marker get one by common words alone.
    """
    if draft.written is None or draft.claims:
        return draft
    started = perf_counter()
    claims = attach(claims_from(draft.written, hits), hits, checker, question)
    return replace(draft, claims=claims).timed("cite", started)


def claims_from(written: str, hits: Sequence[Hit]) -> tuple[Claim, ...]:
    """Cut an LLM's text into claims; its markers 1..len(hits) become anchors, any other marker is dropped.

    A marker's quote is the part of the passage that the sentence leans on (see rag/answer/overlap.py).
    """
    text = _DEFINITION.sub("", _without_source_list(written)).strip()
    claims: list[Claim] = []
    position = 0
    for span in split_sentences(text):
        claim = _claim(text[position : span.start], text[span.start : span.end], hits)
        position = span.end
        if claim.text or not claims:
            claims.append(claim)
        else:
            claims[-1] = _append(claims[-1], claim)
    return tuple(claim for claim in claims if claim.text)


def _without_source_list(written: str) -> str:
    """The text without a closing list of sources: the footnotes are ours to write."""
    lines = written.rstrip().splitlines()
    items = 0
    while items < len(lines) and (not lines[-1 - items].strip() or _LIST_ITEM.match(lines[-1 - items])):
        items += 1
    titled = 0 < items < len(lines) and _LIST_TITLE.fullmatch(lines[-1 - items])
    return "\n".join(lines[: -1 - items]) if titled else written


def _claim(lead: str, sentence: str, hits: Sequence[Hit]) -> Claim:
    text, markers = strip_markers(sentence)
    anchors = [
        _anchor(text, offset, number - 1, hits) for offset, number in markers if 1 <= number <= len(hits)
    ]
    return Claim(lead, text, tuple(dict.fromkeys(anchors)))


def _anchor(text: str, offset: int, hit: int, hits: Sequence[Hit]) -> Anchor:
    chunk = hits[hit].chunk
    span = support_span(text, chunk.text)
    return Anchor(offset, hit, chunk.start + span.start, chunk.start + span.end)


def _append(claim: Claim, markers: Claim) -> Claim:
    """Give the anchors of a line that holds nothing but markers to the claim before it."""
    moved = (replace(anchor, offset=end_offset(claim.text)) for anchor in markers.anchors)
    return replace(claim, anchors=tuple(dict.fromkeys((*claim.anchors, *moved))))


def end_offset(text: str) -> int:
    """Where a marker at the end of a sentence stands: in front of its full stop or colon."""
    match = _FULL_STOP.search(text)
    return match.start() if match and match.start() else len(text)


def strip_markers(sentence: str) -> tuple[str, list[tuple[int, int]]]:
    """The sentence without markers, and (offset in it, marker number) for each; code is left alone."""
    kept = ""
    markers: list[tuple[int, int]] = []
    position = 0
    for match in _markers(sentence):
        kept += sentence[position : match.start()]
        position = match.end()
        if not kept or sentence[position : position + 1] in ("", " ", "\t", "\n", *".,;:!?)[【"):
            kept = kept.rstrip(" \t")
        if not kept:
            position += len(sentence[position:]) - len(sentence[position:].lstrip())
        markers += [(len(kept), number) for number in marker_numbers(match[0])]
    text = kept + sentence[position:]
    return text, [
        (offset if 0 < offset < len(text) else end_offset(text), number) for offset, number in markers
    ]


def blank_markers(sentence: str) -> str:
    """The sentence with white space in place of its markers: what a checker reads, with offsets kept."""
    for match in list(_markers(sentence)):
        sentence = sentence[: match.start()] + " " * len(match[0]) + sentence[match.end() :]
    return sentence


def _markers(sentence: str) -> Iterator[re.Match[str]]:
    code = [match.span() for match in _CODE.finditer(sentence)]
    for match in _MARKER.finditer(sentence):
        if not any(start <= match.start() < end for start, end in code):
            yield match


def marker_numbers(marker: str) -> list[int]:
    """The numbers of one marker: `[1, 3]`, `[1-3]`, `[^2]`, `【1†source】`, `[passage 2]`."""
    inner = marker.split("†")[0].split("](")[0]
    numbers: list[int] = []
    for part in _NUMBER.findall(inner):
        first, *rest = (int(number) for number in re.findall(r"\d+", part)[:2])
        last = rest[0] if rest else first
        numbers += range(first, min(last, first + _LONGEST_RANGE) + 1) if last >= first else (first, last)
    return numbers


def is_statement(text: str) -> bool:
    """Whether a sentence says something that a passage could support."""
    return len(content_words(text)) >= _FEWEST_WORDS and not text.rstrip().endswith((":", "?"))


def attach(
    claims: Sequence[Claim], hits: Sequence[Hit], checker: Checker | None, question: str | None = None
) -> tuple[Claim, ...]:
    """Give each statement without a footnote the passage that supports it, or none.

    Words in common propose passages; the checker decides and says which sentence it was. Without a checker
    only a large share of words decides.
    """
    least = _LEAST_COVERAGE if checker else _LEAST_COVERAGE_UNCHECKED
    bare = [n for n, claim in enumerate(claims) if not claim.anchors and is_statement(claim.text)]
    near = {n: _near(claims[n], hits, least) for n in bare}
    near = {n: passages for n, passages in near.items() if passages}
    if checker is None:
        found = {n: _anchored(claims[n], passages[0], hits) for n, passages in near.items()}
    else:
        found = _supported(claims, near, hits, checker, question)
    return tuple(found.get(n, claim) for n, claim in enumerate(claims))


def _near(claim: Claim, hits: Sequence[Hit], least: float) -> list[int]:
    """The passages that share most words with the claim, best first."""
    words = content_words(claim.text)
    shares = [coverage(words, content_words(hit.chunk.text)) for hit in hits]
    order = sorted(range(len(hits)), key=lambda n: -shares[n])
    return [n for n in order if shares[n] >= least][:_CANDIDATES]


def _anchored(claim: Claim, hit: int, hits: Sequence[Hit]) -> Claim:
    chunk = hits[hit].chunk
    span = support_span(claim.text, chunk.text)
    anchor = Anchor(end_offset(claim.text), hit, chunk.start + span.start, chunk.start + span.end)
    return replace(claim, anchors=(anchor,))


def _supported(
    claims: Sequence[Claim],
    near: Mapping[int, Sequence[int]],
    hits: Sequence[Hit],
    checker: Checker,
    question: str | None,
) -> dict[int, Claim]:
    """Those of the claims that the checker finds supported, anchored at its evidence, with its verdict."""
    if not near:
        return {}
    texts = [[evidence_text(hits[hit]) for hit in passages] for passages in near.values()]
    verdicts = checker.check([claims[n].text for n in near], texts, question)
    found: dict[int, Claim] = {}
    for (n, passages), verdict in zip(near.items(), verdicts, strict=True):
        given = placed(verdict, passages, hits)
        if given.label == "supported" and given.evidence:
            found[n] = replace(claims[n], anchors=(_at(given.evidence[0], claims[n], hits),), verdict=given)
    return found


def _at(evidence: Evidence, claim: Claim, hits: Sequence[Hit]) -> Anchor:
    start = hits[evidence.context].chunk.start
    return Anchor(end_offset(claim.text), evidence.context, start + evidence.start, start + evidence.end)


def placed(verdict: Verdict, passages: Sequence[int], hits: Sequence[Hit]) -> Verdict:
    """The verdict with its evidence counting in the hits, and in the texts of their chunks."""
    spans = ((passages[e.context], e.start, e.end) for e in verdict.evidence)
    inside = ((hit, in_evidence(hits[hit], start, end)) for hit, start, end in spans)
    evidence = tuple(Evidence(hit, span.start, span.end) for hit, span in inside if span is not None)
    return replace(verdict, evidence=evidence)
