"""What the checker reads of a hit, and where its spans lie in the chunk."""

from __future__ import annotations

from dataclasses import replace

from rag.answer.evidence import evidence_text, in_evidence
from tests.answer.samples import hit

TEXT = "Name | Pressure\nSmall | 4 bar"


def test_headings_stand_above_and_spans_are_those_of_the_chunk() -> None:
    bare = hit(TEXT)
    below = replace(bare, chunk=replace(bare.chunk, headings=("Pumps", "Ratings")), header="Name | Pressure")
    text = evidence_text(below)
    assert text.startswith("# Pumps › Ratings\nName | Pressure\n")
    start = text.rindex("Small")
    span = in_evidence(below, start, len(text))
    assert span is not None
    assert TEXT[span.start : span.end] == "Small | 4 bar"
    assert in_evidence(below, 0, 7) is None


def test_a_heading_that_the_chunk_repeats_is_not_doubled() -> None:
    bare = hit("Pumps\nThe small one has 4 bar.")
    assert evidence_text(replace(bare, chunk=replace(bare.chunk, headings=("Pumps",)))) == bare.chunk.text
