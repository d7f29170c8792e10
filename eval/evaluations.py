"""Evaluations as background jobs of the service: what POST and GET /v1/evaluations call."""

from __future__ import annotations

from collections.abc import Sequence

from eval.cases import Case
from rag.answer.engine import Engine
from rag.types import Job


class Evaluations:
    """Runs evaluations one at a time in a thread; results lie in DATA/evaluations/<job id>/."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def submit(self, collection: str, cases: Sequence[Case], metrics: Sequence[str] | None = None) -> Job:
        """Queue an evaluation and return its job (kind `evaluation`).

        Parse request rows with `eval.cases.parse_case(row, f"cases[{i}]")` first. Raises NotFound
        `collection_not_found`, InvalidInput `unknown_metric` or `cases_empty`, ModelError `extra_missing`.
        """
        raise NotImplementedError

    def result(self, job_id: str) -> str:
        """The finished report as JSON text (`scores`, `rows`, …).

        Raises NotFound `evaluation_not_found`; Conflict `evaluation_not_finished` while it is queued or
        running.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Stop after the question at hand; an unfinished evaluation starts again at the next start."""
        raise NotImplementedError
