"""A checker that compares values outright before it asks the net, and joins what several passages say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.check.clauses import conjuncts
from rag.check.compare import Comparison, compare
from rag.check.echo import states_nothing
from rag.models.claims import content, share, words_of
from rag.models.types import Checker, ModelInfo
from rag.types import Evidence, Span, Verdict

SURE = 0.95
"""The probability of a verdict that comparing values gives: see docs/models.md for how often it is right."""

AT_HOME = 0.8
"""Least share of a statement's words in the one passage that it is judged by."""


@dataclass(frozen=True, slots=True)
class Restated:
    """A claim with its values written as the evidence writes them.

    `pieces` are the spans of the new text beside those of the claim that they stand for.
    """

    text: str
    pieces: tuple[tuple[Span, Span], ...]

    def original(self, span: Span) -> Span:
        """A span of the new text as one of the claim, a value as a whole."""
        return Span(self._place(span.start, False), self._place(span.end, True))

    def _place(self, offset: int, is_end: bool) -> int:
        shift = 0
        for new, old in self.pieces:
            if offset <= new.start and not (is_end is False and offset == new.start):
                break
            if offset < new.end or (is_end and offset == new.end):
                return old.end if is_end else old.start
            shift = old.end - new.end
        return offset + shift


def restate(claim: str, passages: Sequence[str], comparison: Comparison) -> Restated:
    """The claim in the evidence's way of writing its values, so that the net reads the same words."""
    text, pieces, position = "", [], 0
    for span, fact, value in comparison.matches:
        written = passages[fact.context][value.start : value.end]
        text += claim[position : span.start]
        bare = (
            written.replace(",", "").isdigit() and not claim[span.start : span.end].replace(",", "").isdigit()
        )
        new = claim[span.start : span.end] if bare else written
        pieces.append((Span(len(text), len(text) + len(new)), span))
        text += new
        position = span.end
    return Restated(text + claim[position:], tuple(pieces))


class ComparingChecker:
    """Wraps the checker that judges by its net.

    A claim with another value than the evidence has for the same thing is contradicted, whatever else holds;
    one whose values and words all stand there is supported; what states nothing is unsupported. A sentence
    of several statements is supported where each of them is.
    """

    def __init__(self, net: Checker) -> None:
        self._net = net

    @property
    def info(self) -> ModelInfo:
        """That of the net."""
        return self._net.info

    def check(
        self, claims: Sequence[str], evidence: Sequence[Sequence[str]], question: str | None = None
    ) -> list[Verdict]:
        """One verdict per claim against its own evidence, as `Checker.check`."""
        compared = [compare(claim, passages) for claim, passages in zip(claims, evidence, strict=True)]
        restated = [restate(*each) for each in zip(claims, evidence, compared, strict=True)]
        judged = self._net.check([each.text for each in restated], evidence, question)
        verdicts = [
            _ruled(_placed(verdict, each), comparison)
            for verdict, each, comparison in zip(judged, restated, compared, strict=True)
        ]
        verdicts = self._joined(verdicts, restated, evidence, compared, question)
        return [
            _silent(verdict) if states_nothing(claim, question) else verdict
            for claim, verdict in zip(claims, verdicts, strict=True)
        ]

    def _joined(
        self,
        verdicts: list[Verdict],
        restated: Sequence[Restated],
        evidence: Sequence[Sequence[str]],
        compared: Sequence[Comparison],
        question: str | None,
    ) -> list[Verdict]:
        """The verdicts, those of sentences whose statements stand each in one passage replaced."""
        asked: list[tuple[int, str, int]] = []
        for n, verdict in enumerate(verdicts):
            if verdict.label == "supported" or compared[n].clash is not None or compared[n].is_missing:
                continue
            parts = [(part, _home(part, evidence[n])) for part in conjuncts(restated[n].text)]
            at_home = [(n, part, home) for part, home in parts if home is not None]
            asked += at_home if len(at_home) == len(parts) else []
        if not asked:
            return verdicts
        passages = [[evidence[n][home]] for n, _, home in asked]
        judged = self._net.check([part for _, part, _ in asked], passages, question)
        said: dict[int, list[Verdict]] = {}
        for (n, part, home), alone, passage in zip(asked, judged, passages, strict=True):
            ruled = _ruled(alone, compare(part, passage))
            places = tuple(replace(place, context=home) for place in ruled.evidence)
            said.setdefault(n, []).append(replace(ruled, evidence=places))
        return [_of_parts(verdict, said.get(n, [])) for n, verdict in enumerate(verdicts)]


def _home(part: str, passages: Sequence[str]) -> int | None:
    """The passage with most of a statement's words, if nearly all of them and each name."""
    mine = words_of(part)
    shares = [
        share(content(mine), there) if mine.names <= there else 0.0
        for there in (frozenset(words_of(passage).stems) for passage in passages)
    ]
    best = max(shares, default=0.0)
    return shares.index(best) if best >= AT_HOME else None


def _placed(verdict: Verdict, restated: Restated) -> Verdict:
    spans = tuple(dict.fromkeys(restated.original(span) for span in verdict.unsupported_spans))
    return replace(verdict, unsupported_spans=spans)


def _ruled(verdict: Verdict, comparison: Comparison) -> Verdict:
    """The net's verdict where comparing says nothing against it."""
    clash = comparison.clash
    if clash is not None:
        evidence = (Evidence(clash.fact.context, clash.fact.start, clash.fact.end),)
        return Verdict("contradicted", SURE, min(verdict.support, 1 - SURE), evidence, (clash.claimed,))
    if comparison.is_missing and verdict.label == "supported":
        support = min(verdict.support, 1 - verdict.support)
        return Verdict("unsupported", 1 - support, support, verdict.evidence, verdict.unsupported_spans)
    if comparison.is_carried and verdict.label != "supported":
        places = ((fact.context, fact.start, fact.end) for _, fact, _ in comparison.matches)
        return Verdict("supported", SURE, SURE, tuple(Evidence(*place) for place in dict.fromkeys(places)))
    return verdict


def _of_parts(verdict: Verdict, parts: Sequence[Verdict]) -> Verdict:
    """The verdict on a sentence whose statements were judged one by one as well."""
    if not parts or any(part.label != "supported" for part in parts):
        return verdict
    support = min(part.support for part in parts)
    evidence = tuple(dict.fromkeys(place for part in parts for place in part.evidence))
    return Verdict("supported", support, support, evidence)


def _silent(verdict: Verdict) -> Verdict:
    support = min(verdict.support, 1 - SURE)
    return Verdict("unsupported", 1 - support, support, verdict.evidence, ())
