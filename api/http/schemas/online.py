"""Live answers that were sampled: what became of them, drift, the worst ones."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from pydantic.config import JsonDict

from api.http.schemas.base import Out, example
from eval.online.drift import Drift, Verdict
from eval.online.overview import Judged, Overview, StageTimes
from eval.online.signals import Bucket
from eval.statistics import Interval
from rag.store import SampledPassage, SampledSentence, SampleState
from rag.types import Label

_MEAN: JsonDict = {"mean": 0.93, "low": 0.89, "high": 0.97, "n": 62}
_DRIFT: JsonDict = {
    "signal": "supported",
    "verdict": "worse",
    "before": 0.94,
    "after": 0.83,
    "change": -0.11,
    "low": -0.16,
    "high": -0.06,
    "n_before": 780,
    "n_after": 220,
    "p": 0.004,
    "z": -5.1,
    "since": "2026-11-20T14:05:00Z",
}
_BUCKET: JsonDict = {
    "start": "2026-11-20T14:00:00Z",
    "answers": 62,
    "abstained": {"mean": 0.05, "low": 0.0, "high": 0.11, "n": 62},
    "supported": _MEAN,
    "latency_ms": {"p50": 160.0, "p95": 410.0},
    "scores": {"faithfulness": _MEAN},
}
_STAGE: JsonDict = {
    "stage": "rerank",
    "before": {"p50": 71.0, "p95": 160.0},
    "recent": {"p50": 74.0, "p95": 171.0},
}
_OVERVIEW: JsonDict = {
    "collection": "manuals",
    "share": 0.1,
    "answers": 1000,
    "states": {"scored": 990, "waiting": 4, "gone": 6},
    "first": "2026-11-12T08:00:00Z",
    "last": "2026-11-21T08:00:00Z",
    "routes": {"reader": 940, "none": 60},
    "drift": [_DRIFT],
    "bucket_seconds": 21600,
    "buckets": [_BUCKET],
    "recent": 200,
    "stages": [_STAGE],
}
_PASSAGE: JsonDict = {
    "source": "manuals/pump.pdf",
    "title": "Pump manual",
    "page": 12,
    "text": "The pump is rated for a working pressure of 16 bar.",
}
_ANSWER: JsonDict = {
    "request_id": "0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
    "created_at": "2026-11-21T07:58:12Z",
    "question": "What pressure is the pump rated for?",
    "response": "The pump is rated for 18 bar [1].",
    "route": "llm",
    "sentences": [{"start": 0, "end": 33, "label": "unsupported", "support": 0.08}],
    "supported": 0.0,
    "scores": {"faithfulness": 0.0, "answer_relevancy": 0.71},
    "problems": {"context_relevance": "metric_failed"},
    "timings_ms": {"retrieve": 6.0, "total": 912.0},
    "passages": [_PASSAGE],
}


class MeanOut(Out):
    """A mean, its 95% bootstrap interval and the number of values."""

    mean: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, found: Interval) -> MeanOut:
        """From the interval."""
        return cls(mean=found.mean, low=found.low, high=found.high, n=found.n)


class TimesOut(Out):
    """Median and 95th percentile, in milliseconds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, times: tuple[float, float]) -> TimesOut:
        """From the pair."""
        return cls(p50=times[0], p95=times[1])


class DriftOut(Out):
    """What became of one signal, in `n_after` answers compared with the `n_before` before them.

    `change` is `after - before` with its 95% interval, for `latency` (medians, in milliseconds) the ratio
    `after / before`. `p` allows for every signal and every place that was looked at; `z` is above zero where
    values rose; `since` is when the change set in, for `worse` and `better`.
    """

    model_config = example(_DRIFT)
    signal: str
    verdict: Verdict
    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None
    n_before: int
    n_after: int
    p: float | None
    z: float | None
    since: datetime | None

    @classmethod
    def of(cls, drift: Drift) -> DriftOut:
        """From the verdict."""
        found = drift.difference
        values = (found.before, found.after, found.change, found.low, found.high) if found else (None,) * 5
        before, after, change, low, high = values
        return cls(
            signal=drift.signal,
            verdict=drift.verdict,
            before=before,
            after=after,
            change=change,
            low=low,
            high=high,
            n_before=drift.before,
            n_after=drift.after,
            p=drift.p,
            z=drift.z,
            since=drift.since,
        )


class BucketOut(Out):
    """The sampled answers of a stretch of time from `start` on."""

    model_config = example(_BUCKET)
    start: datetime
    answers: int
    abstained: MeanOut
    supported: MeanOut | None
    latency_ms: TimesOut | None
    scores: dict[str, MeanOut]

    @classmethod
    def of(cls, bucket: Bucket) -> BucketOut:
        """From the series' bucket."""
        return cls(
            start=bucket.start,
            answers=bucket.answers,
            abstained=MeanOut.of(bucket.abstained),
            supported=MeanOut.of(bucket.supported) if bucket.supported else None,
            latency_ms=TimesOut.of(bucket.latency_ms) if bucket.latency_ms else None,
            scores={name: MeanOut.of(found) for name, found in bucket.scores.items()},
        )


class StageOut(Out):
    """Times of a stage in the newest answers and in those before."""

    model_config = example(_STAGE)
    stage: str
    before: TimesOut | None
    recent: TimesOut

    @classmethod
    def of(cls, times: StageTimes) -> StageOut:
        """From the overview's."""
        before = TimesOut.of(times.before) if times.before else None
        return cls(stage=times.stage, before=before, recent=TimesOut.of(times.recent))


class OnlineOut(Out):
    """The newest sampled answers of a collection in numbers; `share` is the setting, `recent` the number of
    newest answers that the stages' recent times are of.
    """

    model_config = example(_OVERVIEW)
    collection: str
    share: float
    answers: int
    states: Annotated[
        dict[SampleState, int],
        Field(description="gone: a document was deleted or replaced before the judges had read the answer."),
    ]
    first: datetime | None
    last: datetime | None
    routes: dict[str, int]
    drift: list[DriftOut]
    bucket_seconds: float
    buckets: list[BucketOut]
    recent: int
    stages: list[StageOut]

    @classmethod
    def of(cls, found: Overview, share: float) -> OnlineOut:
        """From the overview."""
        return cls(
            collection=found.collection,
            share=share,
            answers=found.answers,
            states=dict(found.states),
            first=found.first,
            last=found.last,
            routes=dict(found.routes),
            drift=[DriftOut.of(one) for one in found.drifts],
            bucket_seconds=found.series.length.total_seconds(),
            buckets=[BucketOut.of(one) for one in found.series.buckets],
            recent=found.recent,
            stages=[StageOut.of(one) for one in found.stages],
        )


class SampledSentenceOut(Out):
    """A sentence of the response by its offsets, with the verdict it got when it was given."""

    start: int
    end: int
    label: Label | None
    support: float | None

    @classmethod
    def of(cls, sentence: SampledSentence) -> SampledSentenceOut:
        """From the store's."""
        return cls(start=sentence.start, end=sentence.end, label=sentence.label, support=sentence.support)


class SampledPassageOut(Out):
    """A passage that the answer was made from."""

    model_config = example(_PASSAGE)
    source: str
    title: str
    page: int | None
    text: str

    @classmethod
    def of(cls, passage: SampledPassage) -> SampledPassageOut:
        """From the store's."""
        return cls(source=passage.source, title=passage.title, page=passage.page, text=passage.text)


class SampledAnswerOut(Out):
    """A sampled answer. The markers of `response` count in `passages`, from 1; a passage is null when it is
    in quarantine now.
    """

    model_config = example(_ANSWER)
    request_id: str
    created_at: datetime
    question: str
    response: str
    route: str
    sentences: list[SampledSentenceOut]
    supported: float | None
    scores: dict[str, float]
    problems: Annotated[dict[str, str], Field(description="Codes of judges that gave no score.")]
    timings_ms: dict[str, float]
    passages: list[SampledPassageOut | None]

    @classmethod
    def of(cls, judged: Judged) -> SampledAnswerOut:
        """From the sample with its texts."""
        sample, texts = judged.sample, judged.texts
        return cls(
            request_id=sample.request_id,
            created_at=sample.created_at,
            question=texts.question,
            response=texts.response,
            route=sample.route,
            sentences=[SampledSentenceOut.of(one) for one in texts.sentences],
            supported=sample.supported,
            scores=dict(sample.scores),
            problems=dict(sample.problems),
            timings_ms=dict(sample.timings),
            passages=[SampledPassageOut.of(one) if one else None for one in judged.passages],
        )


class SampledAnswersOut(Out):
    """The worst of the newest sampled answers, worst first."""

    model_config = example({"answers": [_ANSWER]})
    answers: list[SampledAnswerOut]
