"""Samples are scored in the background: one scorer at a time on a store, at low priority, on one thread."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from eval.metrics.judge import Judge, Sample
from eval.metrics.registry import load_judges
from eval.online.sampling import Retention
from rag.errors import RagError, StoreError
from rag.models.loaded import Models
from rag.settings import Settings
from rag.store import PassageRef, SampledPassage, SampleScores, SampleTexts, Store

_BATCH = 16
_FORGET_S = 60.0
"""How long the judges' models stay loaded when there is nothing to score."""
_RETRY_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Panel:
    """Judges with their models loaded, and the names and revisions of these."""

    judges: Mapping[str, Judge]
    judged_by: str


class OnlineScorer:
    """Scores waiting samples, newest first, and holds their retention.

    The models are this scorer's own, so that a question that is answered meanwhile never waits for them. They
    are loaded in the thread that scores: what they start inherits its low priority. A batch that was not
    written when the process was killed is scored again.
    """

    name = "online-scorer"
    pause_s = 2.0

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings.model_copy(update={"threads": 1})
        self._store = store
        self._retention = Retention(settings, store)
        self._panel: _Panel | None = None
        self._used = 0.0
        self._rest_until = 0.0
        check_judges(settings)

    def run_once(self, stop: threading.Event) -> None:
        """Score until no sample waits or another worker is at them; at `stop` the rest is the next one's."""
        self._retention.hold()
        self._store.samples.discard_unscorable()
        if time.monotonic() < self._rest_until:
            return
        if not self._store.samples.waiting(1):
            if time.monotonic() - self._used > _FORGET_S:
                self._panel = None
            return
        with self._store.locks.exclusive("online") as mine:
            if mine:
                self._score_all(stop)

    def _score_all(self, stop: threading.Event) -> None:
        try:
            panel = self._panel = self._panel or self._load()
            while not stop.is_set() and self._score(panel, stop):
                self._used = time.monotonic()
        except StoreError:
            raise
        except RagError as error:
            log.error("Samples of answers cannot be scored: %s", error.message)
            self._rest_until = time.monotonic() + _RETRY_S

    def _load(self) -> _Panel:
        models = Models(self._settings)
        infos = (models.encoder.info, models.reader.info, models.checker.info)
        judges = load_judges(self._settings.online_judges, models)
        return _Panel(judges, " ".join(f"{info.name}@{info.revision[:12]}" for info in infos))

    def _score(self, panel: _Panel, stop: threading.Event) -> bool:
        """Score a batch; whether there was one."""
        waiting = self._store.samples.waiting(_BATCH)
        passages = self._store.samples.passages([ref for _, texts in waiting for ref in texts.passages])
        scores: list[SampleScores] = []
        for key, texts in waiting:
            if stop.is_set():
                break
            judged = judge_sample(key, texts, passages, panel.judges, panel.judged_by)
            gone = SampleScores(key, {}, dict.fromkeys(panel.judges, "passages_gone"), panel.judged_by)
            scores.append(judged or gone)
        self._store.samples.score(scores)
        return bool(scores)


def check_judges(settings: Settings) -> None:
    """Raises InvalidInput `unknown_metric` when the settings name a judge that does not exist."""
    load_judges(settings.online_judges, Models(settings))


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
