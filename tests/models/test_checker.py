from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.models.checker import ACCUSED, OnnxChecker
from rag.models.encoder import OnnxEncoder
from rag.models.runtime import RuntimeOptions
from rag.types import Verdict

PUMP = (
    "The pump is rated for a working pressure of 16 bar. It was built by Acme in 2004. It must be serviced "
    "every 2,000 hours of operation. Spare parts are kept in Hamburg."
)
PARIS = "Paris is the capital of France. It has 2.1 million inhabitants."


def verdict(checker: OnnxChecker, claim: str, *evidence: str) -> Verdict:
    return checker.check([claim], [list(evidence)])[0]


@pytest.mark.parametrize(("precision", "room"), [("float", 0.01), ("int8", 0.15)])
def test_golden_verdicts(weights: Path, precision: str, room: float) -> None:
    golden = json.loads((weights / "checker" / "golden.json").read_text())
    options = RuntimeOptions(threads=1, precision="float" if precision == "float" else "int8")
    encoder = OnnxEncoder("e", weights / "encoder", options)
    checker = OnnxChecker("c", weights / "checker", options, encoder)
    found = checker.check(golden["claims"], [golden["passages"]] * len(golden["claims"]))
    assert [item.support for item in found] == pytest.approx(golden["support"], abs=room)
    if precision == "float":
        assert [item.label for item in found] == golden["labels"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("The pump is rated for 16 bar.", "The pump is rated for 25 bar."),
        ("The pump was built by Acme in 2004.", "The pump was built by Acme in 2014."),
        ("The pump was built by Acme.", "The pump was built by Siemens."),
        ("Spare parts are kept in Hamburg.", "Spare parts are kept in Munich."),
        ("The pump must be serviced every 2,000 hours.", "The pump need not be serviced."),
        ("It must be serviced every 2,000 hours of operation.", "The warranty lasts five years."),
    ],
)
def test_a_spoilt_claim_is_less_supported(checker: OnnxChecker, right: str, wrong: str) -> None:
    good, bad = verdict(checker, right, PUMP), verdict(checker, wrong, PUMP)
    assert good.label == "supported"
    assert bad.label != "supported"
    assert good.support > bad.support


def test_verdicts_are_whole(checker: OnnxChecker) -> None:
    claims = ["The pump is rated for 25 bar.", "Paris has 2.1 million inhabitants.", "Nobody knows."]
    for claim, item in zip(claims, checker.check(claims, [[PARIS, PUMP]] * 3), strict=True):
        assert 0 <= item.support <= 1
        assert 0 <= item.probability <= 1
        assert item.label != "supported" or item.probability == item.support
        assert all(0 <= span.start < span.end <= len(claim) for span in item.unsupported_spans)
        for place in item.evidence:
            assert [PARIS, PUMP][place.context][place.start : place.end].strip()


def test_nobody_is_accused_on_a_suspicion(checker: OnnxChecker) -> None:
    """What nothing is said of is no contradiction, though it may be the likeliest of the three."""
    claims = {
        "The pump must never be serviced.": "contradicted",
        "Spare parts are kept in Munich.": "contradicted",
        "The pump is painted blue.": "unsupported",
        "The pump weighs forty kilograms.": "unsupported",
        "The warranty lasts five years.": "unsupported",
    }
    found = checker.check(list(claims), [[PUMP, PARIS]] * len(claims))
    assert [item.label for item in found] == list(claims.values())
    for item in found:
        least = ACCUSED if item.label == "contradicted" else 1 - item.support
        assert item.probability >= least


def test_evidence_points_at_the_sentence(checker: OnnxChecker) -> None:
    place = verdict(checker, "The pump is serviced every 2,000 hours.", PARIS, PUMP).evidence[0]
    assert place.context == 1
    assert PUMP[place.start : place.end] == "It must be serviced every 2,000 hours of operation."


def test_support_deep_in_long_evidence_is_found(checker: OnnxChecker) -> None:
    filler = "The committee met again and nothing of note was decided on that day. "
    long = filler * 40 + PUMP + filler * 40
    claim = "Spare parts are kept in Hamburg."
    assert verdict(checker, claim, long).support > verdict(checker, claim, filler * 80).support + 0.3


def test_a_planted_number_is_marked(checker: OnnxChecker) -> None:
    claim = "The pump is rated for a working pressure of 25 bar."
    item = verdict(checker, claim, PUMP)
    marked = " ".join(claim[s.start : s.end] for s in item.unsupported_spans)
    assert "25" in marked
    assert (
        verdict(checker, "The pump is rated for a working pressure of 16 bar.", PUMP).unsupported_spans == ()
    )


def test_without_evidence_nothing_is_supported(checker: OnnxChecker) -> None:
    claims = ["The pump is rated for 16 bar.", "", "The pump is rated for 16 bar."]
    found = checker.check(claims, [[], [PUMP], [""]])
    assert [(item.label, item.support) for item in found] == [("unsupported", 0.0)] * 3
    assert checker.check([], []) == []


def test_claims_do_not_mix(checker: OnnxChecker) -> None:
    claims = ["The pump is rated for 16 bar.", "Paris is in Japan.", "Parts are kept in Hamburg."]
    evidence = [[PUMP], [PARIS], [PARIS, PUMP]]
    together = checker.check(claims, evidence)
    for claim, passages, item in zip(claims, evidence, together, strict=True):
        alone = checker.check([claim], [passages])[0]
        assert item.support == pytest.approx(alone.support, abs=0.1)


def test_a_question_may_come_along(checker: OnnxChecker) -> None:
    item = checker.check(["16 bar"], [[PUMP]], question="What is the pump rated for?")[0]
    assert 0 < item.support < 1
