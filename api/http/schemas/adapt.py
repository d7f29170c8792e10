"""Adaptation of a collection: what to learn from, and what each version's gates said."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from adapt.report import Gain, Report, Verdict
from api.http.schemas.base import In, Out, Question, example
from rag.models.types import ModelInfo
from rag.search.tuning import stale
from rag.store import ProfileRecord

_QUESTION: JsonDict = {"question": "How much pressure does the pump bear?", "source": "manuals/pump.pdf"}
_GAIN: JsonDict = {"mean": 0.041, "low": 0.018, "high": 0.066}
_PIECE: JsonDict = {
    "piece": "adapter",
    "accepted": True,
    "reason": "wins",
    "learned": "adapter of rank 16 (size 210)",
    "questions": 250,
    "ndcg10": 0.712,
    "ndcg10_before": 0.671,
    "ndcg10_plain_fusion": 0.633,
    "gain": _GAIN,
    "gain_over_plain_fusion": {"mean": 0.079, "low": 0.05, "high": 0.108},
}
_VERSION: JsonDict = {
    "version": 1,
    "active": True,
    "adopted": True,
    "note": "",
    "model": "footnote-encoder",
    "revision": "f62011993767",
    "created_at": "2026-11-21T08:00:00Z",
    "minutes": 2.4,
    "processor_minutes": 1.9,
    "seed": 0,
    "judged_on": "synthetic questions",
    "questions": {"held cloze": 80, "held heading": 90, "held phrases": 80, "train cloze": 170},
    "left_out": {"no good question to the reader": 12},
    "pieces": [_PIECE],
    "notes": [],
}


class KnownQuestion(In):
    """A question and what answers it: a source of the collection, a quote from it, or both."""

    model_config = example(_QUESTION)
    question: Question
    source: Annotated[str, Field(max_length=2_000)] = ""
    quote: Annotated[str, Field(max_length=20_000)] = ""

    @model_validator(mode="after")
    def _is_known(self) -> KnownQuestion:
        if not self.source.strip() and not self.quote.strip():
            raise ValueError("a source or a quote is needed")
        return self


class AdaptIn(In):
    """Without questions, synthetic ones are made of the collection's own text; see `trust_synthetic`."""

    model_config = example({"questions": [_QUESTION], "seed": 0, "full": False, "trust_synthetic": False})
    questions: Annotated[tuple[KnownQuestion, ...], Field(max_length=20_000)] = ()
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    full: Annotated[bool, Field(description="Also fine-tune the encoder; needs the extra `train`.")] = False
    trust_synthetic: Annotated[
        bool, Field(description="Adopt what wins on synthetic questions alone; it may lose on real ones.")
    ] = False


class GainOut(Out):
    """A mean difference of nDCG@10 with its 95% bootstrap interval."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, gain: Gain) -> GainOut:
        """From a report."""
        return cls(mean=gain.mean, low=gain.low, high=gain.high)


class PieceOut(Out):
    """What the gate said of one piece, by nDCG@10 on held-out questions."""

    model_config = example(_PIECE)
    piece: str
    accepted: bool
    reason: str
    learned: str
    questions: int
    ndcg10: float
    ndcg10_before: float
    ndcg10_plain_fusion: float
    gain: GainOut
    gain_over_plain_fusion: GainOut

    @classmethod
    def of(cls, verdict: Verdict) -> PieceOut:
        """From a report."""
        return cls(
            piece=verdict.piece,
            accepted=verdict.accepted,
            reason=verdict.reason,
            learned=verdict.learned,
            questions=verdict.questions,
            ndcg10=verdict.ndcg10,
            ndcg10_before=verdict.ndcg10_before,
            ndcg10_plain_fusion=verdict.ndcg10_plain_fusion,
            gain=GainOut.of(verdict.gain),
            gain_over_plain_fusion=GainOut.of(verdict.gain_over_plain_fusion),
        )


class VersionOut(Out):
    """One adaptation: whether it was adopted, is in force, and why it may not be applied (`note`)."""

    model_config = example(_VERSION)
    version: int
    active: bool
    adopted: bool
    note: str
    model: str
    revision: str
    created_at: datetime
    minutes: float
    processor_minutes: float
    seed: int
    judged_on: str
    questions: dict[str, int]
    left_out: dict[str, int]
    pieces: list[PieceOut]
    notes: list[str]

    @classmethod
    def of(cls, record: ProfileRecord, encoder: ModelInfo) -> VersionOut:
        """From the store's record; `encoder` is the one in use."""
        report = Report.from_json(record.report)
        return cls(
            version=record.version,
            active=record.active,
            adopted=record.replaced is not None,
            note=stale(record.model, record.revision, encoder),
            model=record.model,
            revision=record.revision,
            created_at=record.created_at,
            minutes=report.minutes,
            processor_minutes=report.processor_minutes,
            seed=report.seed,
            judged_on=report.judged_on,
            questions=dict(report.questions),
            left_out=dict(report.left_out),
            pieces=[PieceOut.of(piece) for piece in report.pieces],
            notes=list(report.notes),
        )


class AdaptationOut(Out):
    """The version in force (0: the defaults) and every version, newest first."""

    model_config = example({"active": 1, "versions": [_VERSION]})
    active: int
    versions: list[VersionOut]


class RolledBack(Out):
    """The version that is in force now; 0 is the defaults."""

    model_config = example({"active": 0})
    active: int
