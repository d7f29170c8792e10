"""A sample before the judges."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

from eval.judges.sample import Judge, Sample
from rag.errors import RagError
from rag.store import PassageRef, SampledPassage, SampleScores, SampleTexts

log = logging.getLogger(__name__)


def judge_sample(
    key: int,
    texts: SampleTexts,
    passages: Mapping[PassageRef, SampledPassage],
    judges: Mapping[str, Judge],
    judged_by: str,
) -> SampleScores | None:
    """What every judge says of a sample, None when one of its passages is gone.

    A judge that cannot say anything leaves a code in its place; whatever it raises, the others go on.
    """
    if not all(ref in passages for ref in texts.passages):
        return None
    sample = Sample(texts.question, texts.response, tuple(passages[ref].text for ref in texts.passages))
    scores: dict[str, float] = {}
    problems: dict[str, str] = {}
    for name, judge in judges.items():
        try:
            score = float(judge(sample))
        except RagError as error:
            problems[name] = error.code
        except Exception:
            log.exception("%s failed on sample %d", name, key)
            problems[name] = "metric_failed"
        else:
            if math.isfinite(score):
                scores[name] = score
            else:
                problems[name] = "not_a_number"
    return SampleScores(key, scores, problems, judged_by)
