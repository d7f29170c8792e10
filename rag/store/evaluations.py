"""Evaluations: setup, cases and rows of a run that goes on, and its report, for every process to read.

A row is written as soon as its case is done, so that whoever takes up an unfinished evaluation knows what
has been asked. What the texts hold is JSON of the package `eval`.
"""

from __future__ import annotations

import sqlalchemy as sa

from rag.errors import NotFound
from rag.store.database import Part
from rag.store.records import EvaluationRecord, EvaluationRow
from rag.store.schema import evaluation_rows, evaluations, jobs
from rag.store.values import clean


class Evaluations(Part):
    """What the store does with evaluations, each of which has the id of its job."""

    def begin(self, job: str, setup: str, cases: str) -> None:
        """Keep what a run is made of; rows and report of an earlier run of the job go.

        Raises NotFound `job_not_found`.
        """
        with self._db.write() as connection:
            key = _key(connection, job)
            connection.execute(sa.delete(evaluations).where(evaluations.c.job_key == key))
            connection.execute(sa.delete(evaluation_rows).where(evaluation_rows.c.job_key == key))
            connection.execute(sa.insert(evaluations).values(job_key=key, setup=setup, cases=cases))

    def get(self, job: str) -> EvaluationRecord | None:
        """The run as far as it is, None before it has begun."""
        query = sa.select(evaluations.c.setup, evaluations.c.cases, evaluations.c.report.is_not(None))
        with self._db.read() as connection:
            row = connection.execute(query.join(jobs).where(jobs.c.id == clean(job))).one_or_none()
        return None if row is None else EvaluationRecord(*row)

    def add_row(self, job: str, row: EvaluationRow) -> None:
        """Write the row of a case, in place of an earlier one. Raises NotFound `job_not_found`."""
        with self._db.write() as connection:
            key = _key(connection, job)
            same = (evaluation_rows.c.job_key == key) & (evaluation_rows.c.case_id == clean(row.case_id))
            connection.execute(sa.delete(evaluation_rows).where(same))
            values = {"case_id": clean(row.case_id), "seconds": row.seconds, "payload": row.payload}
            connection.execute(sa.insert(evaluation_rows).values(job_key=key, **values))

    def rows(self, job: str) -> list[EvaluationRow]:
        """The rows so far, in the order of their time."""
        columns = (evaluation_rows.c.case_id, evaluation_rows.c.seconds, evaluation_rows.c.payload)
        query = sa.select(*columns).join(jobs).where(jobs.c.id == clean(job))
        with self._db.read() as connection:
            return [
                EvaluationRow(*row) for row in connection.execute(query.order_by(evaluation_rows.c.seconds))
            ]

    def finish(self, job: str, report: str) -> None:
        """Keep the report of a run that has ended."""
        with self._db.write() as connection:
            own = evaluations.c.job_key == _key(connection, job)
            connection.execute(sa.update(evaluations).where(own).values(report=report))

    def report(self, job: str) -> str | None:
        """The report, None while there is none."""
        query = sa.select(evaluations.c.report).join(jobs).where(jobs.c.id == clean(job))
        with self._db.read() as connection:
            return connection.scalar(query)


def _key(connection: sa.Connection, job: str) -> int:
    key: int | None = connection.scalar(sa.select(jobs.c.key).where(jobs.c.id == clean(job)))
    if key is None:
        raise NotFound(f"There is no job {clean(job)[:80]!r}.", code="job_not_found")
    return key
