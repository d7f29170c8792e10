"""Verdicts on claims and what the policies make of them, with the real checker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answer.check import check_claims, check_text, enforce
from rag.answer.cite import attach, is_statement
from rag.answer.draft import Anchor, Claim
from rag.answer.finish import assemble
from rag.service import Service
from rag.types import CheckPolicy, Verdict
from tests.answer.samples import LUNCH, PUMP, hit

HITS = [hit(PUMP, start=20, source="pump.md"), hit(LUNCH, start=70, source="lunch.md")]


def claim(text: str, label: str | None = None) -> Claim:
    verdict = None if label is None else Verdict(label, 0.9, 0.9 if label == "supported" else 0.1)  # type: ignore[arg-type]
    return Claim(" ", text, (), verdict)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("The pump weighs 40 kg.", True),
        ("Yes.", False),
        ("Here is what I found:", False),
        ("Is it so heavy?", False),
    ],
)
def test_what_counts_as_a_statement(text: str, statement: bool) -> None:
    assert is_statement(text) == statement


def test_a_bare_sentence_is_anchored_at_the_checkers_evidence(service: Service) -> None:
    claims = [
        claim("Guests pay 11 euros for lunch."),
        claim("The moon is made of green cheese."),
        claim("Yes."),
    ]
    found = attach(claims, HITS, service.models.checker)
    (anchor,) = found[0].anchors
    assert anchor.hit == 1
    assert LUNCH[anchor.start - 70 : anchor.end - 70] == "Guests pay 11 euros."
    assert found[1].anchors == found[2].anchors == ()


def test_without_a_checker_only_many_shared_words_count() -> None:
    claims = [claim("Guests pay 11 euros."), claim("Guests may swim with 11 sharks.")]
    found = attach(claims, HITS, None)
    assert [len(one.anchors) for one in found] == [1, 0]
    assert found[0].verdict is None


def test_a_claim_is_checked_against_what_it_cites_and_nothing_else(service: Service) -> None:
    text = "Lunch costs 8 euros."
    right = Claim("", text, (Anchor(5, 1, 70, 96),))
    wrong = Claim("", text, (Anchor(5, 0, 20, 30),))
    verdicts = [
        one.verdict for one in check_claims([right, wrong, claim("Yes.")], HITS, service.models.checker)
    ]
    assert verdicts[0] is not None
    assert verdicts[1] is not None
    assert (verdicts[0].label, verdicts[1].label == "supported", verdicts[2]) == ("supported", False, None)
    evidence = verdicts[0].evidence[0]
    assert HITS[evidence.context].chunk.text[evidence.start : evidence.end] == "Lunch costs 8 euros."


def test_a_quote_is_certain_without_a_model(service: Service) -> None:
    sentence = "It weighs 40 kg and ships with a two-year warranty."
    start = 20 + PUMP.index(sentence)
    quoted = Claim("", sentence.replace(" ", "  "), (Anchor(5, 0, start, start + len(sentence)),))
    altered = Claim("", sentence.replace("40", "90"), quoted.anchors)
    certain, judged = check_claims([quoted, altered], HITS, service.models.checker)
    assert certain.verdict is not None
    assert (certain.verdict.label, certain.verdict.probability) == ("quoted", 1.0)
    assert certain.verdict.evidence[0].start == start - 20
    assert judged.verdict is not None
    assert judged.verdict.label != "supported"


@pytest.mark.parametrize(
    ("policy", "labels", "kept", "reason"),
    [
        ("flag", ["supported", "unsupported"], 2, None),
        ("retry", ["supported", "unsupported"], 2, None),
        ("drop", ["supported", "unsupported", None], 2, None),
        ("drop", ["unsupported", "contradicted"], 0, "unsupported_answer"),
        ("drop", ["supported", "supported"], 2, None),
        ("refuse", ["supported", "contradicted"], 0, "unsupported_answer"),
        ("refuse", ["supported", None], 2, None),
    ],
)
def test_policies(policy: CheckPolicy, labels: list[str | None], kept: int, reason: str | None) -> None:
    claims = [claim(f"The pump weighs {n} kg.", label) for n, label in enumerate(labels)]
    left, why = enforce(policy, claims)
    assert (len(left), why) == (kept, reason)


def test_dropped_sentences_leave_no_gap_in_numbers_or_text() -> None:
    claims = [
        Claim("", "One is wrong.", (Anchor(12, 0, 20, 25),), Verdict("unsupported", 0.9, 0.1)),
        Claim("\n\n", "Two is right.", (Anchor(12, 1, 70, 75),), Verdict("supported", 0.9, 0.9)),
    ]
    kept, _ = enforce("drop", claims)
    cited = assemble(kept, HITS)
    assert cited.text == "Two is right [1]."
    assert [c.source for c in cited.citations] == ["lunch.md"]


def test_any_text_is_checked_sentence_by_sentence(service: Service) -> None:
    answer = "- The pump weighs 40 kg [1].\n- It was built on Mars [2]."
    first, second = check_text(answer, [PUMP], service.models.checker, None)
    assert [answer[s.start : s.end] for s in (first, second)] == [first.text, second.text]
    assert first.verdict is not None
    assert second.verdict is not None
    assert (first.verdict.label, second.verdict.label == "supported") == ("supported", False)
    for span in second.verdict.unsupported_spans:
        assert 0 <= span.start < span.end <= len(second.text)
    assert check_text("", [PUMP], service.models.checker, None) == []


def test_each_sentence_behind_a_unit_has_its_own_verdict(service: Service) -> None:
    answer = "The oven draws 5 A. The lamp runs on 230 V. Repairs cost €40."
    context = ["The oven draws 5000 mA. The lamp runs on 24 V. Repairs cost 40 EUR."]
    found = check_text(answer, context, service.models.checker, None)
    assert [one.verdict.label if one.verdict else None for one in found] == [
        "supported",
        "contradicted",
        "supported",
    ]


def test_a_claim_is_checked_against_the_passage_below_its_heading(service: Service) -> None:
    bare = hit("It weighs 2000 g and is 31 cm long.", source="drill.md")
    below = replace(bare, chunk=replace(bare.chunk, headings=("Drill D5",)))
    said = [
        check_claims([claim("The drill D5 weighs 2 kg.")], [one], service.models.checker)[0].verdict
        for one in (bare, below)
    ]
    assert [verdict.label == "supported" if verdict else None for verdict in said] == [False, True]
