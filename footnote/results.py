"""The service's own types as the models that clients get, so that in process and over HTTP are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from footnote import models
from rag import types


def hit_of(hit: types.Hit) -> models.Hit:
    """A hit; with its explanation where it has one."""
    chunk, document = hit.chunk, hit.document
    return models.Hit(
        chunk_id=chunk.id,
        document_id=document.id,
        source=document.source,
        title=document.title,
        text=chunk.text,
        start=chunk.start,
        end=chunk.end,
        page=chunk.page,
        headings=list(chunk.headings),
        score=hit.score,
        parts={stage: models.StageScore(**asdict(part)) for stage, part in hit.parts.items()},
        terms=list(hit.terms),
        metadata={key: _plain(value) for key, value in document.metadata.items()},
        flags=[models.Flag(**asdict(finding)) for finding in chunk.findings],
        explanation=_explanation(hit),
    )


def search_result_of(
    found: types.Searched,
) -> models.SearchResult:
    """What a search found."""
    return models.SearchResult(
        hits=[hit_of(hit) for hit in found.hits],
        timings_ms=dict(found.timings),
        corrected=corrected_of(found.corrected),
        unknown_fields=list(found.unknown_fields),
    )


def corrected_of(corrected: types.Corrected | None) -> models.Corrected | None:
    """How a question with typos was read."""
    return models.Corrected(asked=corrected.asked, read=corrected.read) if corrected else None


def answer_of(answer: types.Answer) -> models.Answer:
    """A checked answer."""
    return models.Answer(
        answer=answer.text,
        abstained=answer.abstained,
        reason=answer.reason,
        confidence=answer.confidence,
        rewritten=answer.rewritten,
        closest=[closest_of(found) for found in answer.closest],
        corrected=corrected_of(answer.corrected),
        parts=[models.AnswerPart.model_validate(asdict(part)) for part in answer.parts],
        sentences=[models.Sentence.model_validate(asdict(sentence)) for sentence in answer.sentences],
        citations=[models.Citation.model_validate(asdict(citation)) for citation in answer.citations],
        hits=[hit_of(hit) for hit in answer.hits],
        route=[models.Step.model_validate(asdict(step)) for step in answer.route],
        usage=models.Usage.model_validate(asdict(answer.usage)),
        timings_ms=dict(answer.timings),
    )


def closest_of(found: types.Closest) -> models.Closest:
    """A passage that comes near."""
    spans = [models.Span(start=span.start, end=span.end) for span in found.spans]
    return models.Closest(hit=hit_of(found.hit), spans=spans)


def check_result_of(sentences: Sequence[types.Sentence]) -> models.CheckResult:
    """Checked sentences, and the share of them that is supported."""
    found = [
        models.CheckedSentence.model_validate(
            {"text": one.text, "start": one.start, "end": one.end, **asdict(one.verdict)}
        )
        for one in sentences
        if one.verdict is not None
    ]
    supported = sum(one.label == "supported" for one in found) / len(found) if found else 0.0
    return models.CheckResult(sentences=found, supported=supported)


def job_of(job: types.Job) -> models.Job:
    """A job as it stands; the rates count from when a worker took it up."""
    seconds = (job.updated_at - job.started_at).total_seconds() if job.started_at else 0.0
    rate = job.counts.done / seconds if seconds > 0 else None
    progress = models.JobProgress(
        done=job.counts.done,
        total=job.counts.total,
        chunks=job.chunks,
        files_per_second=rate,
        chunks_per_second=job.chunks / seconds if seconds > 0 else None,
        seconds_left=(job.counts.total - job.counts.done) / rate if rate else None,
    )
    return models.Job.model_validate({**asdict(job), "progress": progress})


def _plain(value: types.Scalar | Sequence[str]) -> models.MetadataValue:
    return value if isinstance(value, str | int | float) else list(value)


def _explanation(hit: types.Hit) -> models.Explanation | None:
    if hit.explanation is None:
        return None
    stages = dict.fromkeys([*hit.parts, *hit.shares])
    return models.Explanation.model_validate(
        {**asdict(hit.explanation), "parts": {stage: _stage(hit, stage) for stage in stages}}
    )


def _stage(hit: types.Hit, stage: str) -> models.StageShare:
    part, share = hit.parts.get(stage), hit.shares.get(stage)
    return models.StageShare(
        score=part.score if part else None,
        rank=part.rank if part else None,
        weight=share.weight if share else None,
        contribution=share.contribution if share else None,
    )
