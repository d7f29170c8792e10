"""Jobs and their items: what the worker has to do, and how it went."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from rag.errors import Conflict, NotFound
from rag.store.collections import live
from rag.store.curation import count_findings
from rag.store.database import Part, Row, now
from rag.store.job_rows import fingerprint, insert_items, insert_missing, read_jobs, to_item, to_request
from rag.store.records import ItemRecord, ItemState, JobItem, JobRequest, Option, Outcome
from rag.store.rows import check_limit
from rag.store.schema import job_items, job_payloads, jobs
from rag.store.values import clean
from rag.types import Job, JobStatus, Reason

_OPEN = ("queued", "running")
_ERRORS_OF_ONE = 1000
_ERRORS_IN_LIST = 20


class Jobs(Part):
    """What the store does with jobs."""

    def create(
        self,
        kind: str,
        collection: str,
        items: Iterable[JobItem],
        options: Mapping[str, Option] | None = None,
        idempotency_key: str | None = None,
        *,
        delete_missing: bool = False,
        within: Sequence[str] | None = None,
    ) -> Job:
        """Queue a job with its items and their payloads, in one transaction.

        Payloads tell requests apart and come in a sequence; other iterables are read once, a few thousand
        items at a time. `delete_missing` adds an item for each document whose source none of the items has,
        or only for those among the sources `within` or below one.

        With an idempotency key that the collection has seen, the earlier job is returned and nothing queued;
        Conflict `idempotency_key_reused` when that job was another request. Raises NotFound
        `collection_not_found`, InvalidInput `invalid_source` and `invalid_metadata`.
        """
        given = dict(options or {})
        request = fingerprint(kind, given, items if isinstance(items, Sequence) else ())
        with self._db.write() as connection:
            owner = live(connection, collection, lock=True)
            key = None if idempotency_key is None else clean(idempotency_key)
            id_ = _repeated(connection, collection, key, request)
            if id_ is None:
                id_ = _insert(connection, kind, collection, given, key, request)
                job = _row(connection, id_).key
                insert_items(connection, job, items)
                if delete_missing:
                    insert_missing(connection, job, owner.id, within)
            return _one(connection, id_)

    def get(self, id: str) -> Job:  # noqa: A002 - the word of the API
        """One job with its first 1,000 errors; raises NotFound `job_not_found`."""
        with self._db.read() as connection:
            return _one(connection, id)

    def newest(
        self,
        collection: str | None = None,
        status: JobStatus | None = None,
        limit: int = 50,
        *,
        kind: str | None = None,
    ) -> list[Job]:
        """The newest jobs first, each with its first 20 errors; InvalidInput `invalid_limit` (1 to 1000)."""
        check_limit(limit)
        query = sa.select(jobs).order_by(jobs.c.key.desc()).limit(limit)
        if collection is not None:
            query = query.where(jobs.c.collection == clean(collection))
        if status is not None:
            query = query.where(jobs.c.status == status)
        if kind is not None:
            query = query.where(jobs.c.kind == kind)
        with self._db.read() as connection:
            return read_jobs(connection, query, _ERRORS_IN_LIST)

    def pending(self) -> list[Job]:
        """The jobs that are queued or running, oldest first."""
        query = sa.select(jobs).where(jobs.c.status.in_(_OPEN)).order_by(jobs.c.key)
        with self._db.read() as connection:
            return read_jobs(connection, query, _ERRORS_IN_LIST)

    def requests(self, kinds: Collection[str]) -> list[JobRequest]:
        """The jobs of these kinds that are queued or running, oldest first; cheap, as nothing is counted."""
        query = sa.select(jobs).where(jobs.c.status.in_(_OPEN), jobs.c.kind.in_(kinds)).order_by(jobs.c.key)
        with self._db.read() as connection:
            return [to_request(row) for row in connection.execute(query)]

    def status(self, id: str) -> JobStatus:  # noqa: A002
        """A job's status alone; raises NotFound `job_not_found`."""
        with self._db.read() as connection:
            status: JobStatus = _row(connection, id).status
            return status

    def request(self, id: str) -> JobRequest:  # noqa: A002
        """What a job was asked to do; raises NotFound `job_not_found`."""
        with self._db.read() as connection:
            row = _row(connection, id)
        return to_request(row)

    def pending_items(self, id: str, after: int, limit: int) -> list[int]:  # noqa: A002
        """Ids of the next pending items of a job, in order, behind the id `after`; raises NotFound
        `job_not_found`.
        """
        with self._db.read() as connection:
            query = sa.select(job_items.c.id).where(
                job_items.c.job_key == _row(connection, id).key,
                job_items.c.state == "pending",
                job_items.c.id > after,
            )
            return list(connection.scalars(query.order_by(job_items.c.id).limit(limit)))

    def item(self, item_id: int) -> ItemRecord:
        """One item; raises NotFound `job_item_not_found`."""
        query = sa.select(job_items, jobs.c.id.label("job_id"), jobs.c.collection).join(jobs)
        query = query.where(job_items.c.id == item_id)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _no_item(item_id)
        return to_item(row, row.job_id, row.collection)

    def items(self, id: str, state: ItemState | None = None) -> list[ItemRecord]:  # noqa: A002
        """A job's items in the order given, all or those in one state; raises NotFound `job_not_found`."""
        with self._db.read() as connection:
            job = _row(connection, id)
            query = sa.select(job_items).where(job_items.c.job_key == job.key)
            if state is not None:
                query = query.where(job_items.c.state == state)
            return [
                to_item(row, id, job.collection) for row in connection.execute(query.order_by(job_items.c.id))
            ]

    def payload(self, item_id: int) -> bytes | None:
        """The bytes of an upload; None for an item without any, and once it has been dealt with."""
        query = sa.select(job_payloads.c.payload).where(job_payloads.c.item_id == item_id)
        with self._db.read() as connection:
            found = connection.scalar(query)
        return None if found is None else bytes(found)

    def finish_item(
        self,
        item_id: int,
        outcome: Outcome,
        error: tuple[str, str] | None = None,
        quarantined: int = 0,
        findings: Mapping[Reason, int] | None = None,
        chunks: int = 0,
    ) -> None:
        """Record how an item ended, with (code, message) of a failure, and drop its payload unless it failed.

        `findings` are the chunks that curation found something in, by reason.

        The first outcome stands: finishing again does nothing. Raises NotFound `job_item_not_found`.
        """
        code, message = error or (None, None)
        values = {
            "state": "failed" if outcome == "failed" else "done",
            "outcome": outcome,
            "error_code": code,
            "error_message": message and clean(message),
            "quarantined": quarantined,
            "chunks": chunks,
        }
        with self._db.write() as connection:
            _finish(connection, item_id, values, findings or {})

    def claim(self, id: str) -> bool:  # noqa: A002
        """Whether a worker may process the job: it is running, or was queued and is running from now on.

        Only the first claim of a job costs a write. Several workers may share what they have claimed: which
        of its items a worker takes is for the queues to say. Raises NotFound `job_not_found`.
        """
        status = self.status(id)
        if status == "queued":
            status = self.set_status(id, "running")
        return status == "running"

    def set_status(self, id: str, status: JobStatus) -> JobStatus:  # noqa: A002
        """Set a job's status and return the one that holds: a cancelled job stays so until it is retried.

        Raises NotFound `job_not_found`.
        """
        with self._db.write() as connection:
            key = _row(connection, id).key
            change = sa.update(jobs).where(jobs.c.key == key, jobs.c.status != "cancelled")
            values = {"status": status, "updated_at": now()}
            changed = connection.execute(change.values(**values)).rowcount
            if status == "running":
                first = sa.update(jobs).where(jobs.c.key == key, jobs.c.started_at.is_(None))
                connection.execute(first.values(started_at=values["updated_at"]))
            return status if changed else "cancelled"

    def cancel(self, id: str) -> Job:  # noqa: A002
        """Cancel a job: what is pending stays undone, what is done stays. Cancelling twice does nothing.

        Raises NotFound `job_not_found`, Conflict `job_finished`.
        """
        with self._db.write() as connection:
            row = _row(connection, id, lock=True)
            if row.status not in (*_OPEN, "cancelled"):
                raise Conflict(f"Job {id} has already {row.status}.", code="job_finished")
            _move_items(connection, row.key, ("pending",), "cancelled")
            _set_status(connection, row.key, "cancelled")
            return _one(connection, id)

    def retry(self, id: str) -> Job:  # noqa: A002
        """Queue a job's failed and cancelled items again.

        Raises NotFound `job_not_found`, Conflict `job_not_finished` while it is queued or running, Conflict
        `nothing_to_retry`.
        """
        with self._db.write() as connection:
            row = _row(connection, id, lock=True)
            if row.status in _OPEN:
                raise Conflict(f"Job {id} is {row.status}; cancel it or wait.", code="job_not_finished")
            live(connection, row.collection)
            if _move_items(connection, row.key, ("failed", "cancelled"), "pending") == 0:
                raise Conflict(f"Job {id} has no failed or cancelled item.", code="nothing_to_retry")
            _set_status(connection, row.key, "queued")
            connection.execute(sa.update(jobs).where(jobs.c.key == row.key).values(started_at=None))
            return _one(connection, id)


def _repeated(connection: sa.Connection, collection: str, key: str | None, request: str) -> str | None:
    if key is None:
        return None
    query = sa.select(jobs.c.id, jobs.c.fingerprint)
    row = connection.execute(
        query.where(jobs.c.collection == collection, jobs.c.idempotency_key == key)
    ).one_or_none()
    if row is not None and row.fingerprint != request:
        raise Conflict(
            "This idempotency key was used for another request; use a new one.", code="idempotency_key_reused"
        )
    return None if row is None else str(row.id)


def _insert(
    connection: sa.Connection,
    kind: str,
    collection: str,
    options: Mapping[str, Option],
    key: str | None,
    request: str,
) -> str:
    id_, moment = secrets.token_hex(12), now()
    connection.execute(
        sa.insert(jobs).values(
            id=id_,
            kind=kind,
            collection=collection,
            status="queued",
            options=options,
            idempotency_key=key,
            fingerprint=request,
            created_at=moment,
            updated_at=moment,
        )
    )
    return id_


def _finish(
    connection: sa.Connection,
    item_id: int,
    values: Mapping[str, str | int | None],
    findings: Mapping[Reason, int],
) -> None:
    key = connection.scalar(sa.select(job_items.c.job_key).where(job_items.c.id == item_id))
    if key is None:
        raise _no_item(item_id)
    # The job before its items, as everywhere: two writers in opposite orders would wait for each other.
    _touch(connection, key)
    unfinished = (job_items.c.id == item_id) & job_items.c.state.in_(["pending", "cancelled"])
    ended = connection.execute(sa.update(job_items).where(unfinished).values(**values)).rowcount == 1
    if ended:
        count_findings(connection, key, findings)
    if ended and values["outcome"] != "failed":
        connection.execute(sa.delete(job_payloads).where(job_payloads.c.item_id == item_id))


def _no_item(item_id: int) -> NotFound:
    return NotFound(f"There is no job item {item_id}.", code="job_item_not_found")


def _touch(connection: sa.Connection, key: int) -> None:
    connection.execute(sa.update(jobs).where(jobs.c.key == key).values(updated_at=now()))


def _move_items(connection: sa.Connection, key: int, states: Sequence[str], state: str) -> int:
    values = {"state": state, "outcome": None, "error_code": None, "error_message": None}
    chosen = (job_items.c.job_key == key) & job_items.c.state.in_(states)
    return connection.execute(sa.update(job_items).where(chosen).values(**values)).rowcount


def _set_status(connection: sa.Connection, key: int, status: JobStatus) -> None:
    connection.execute(sa.update(jobs).where(jobs.c.key == key).values(status=status, updated_at=now()))


def _row(connection: sa.Connection, id_: str, *, lock: bool = False) -> Row:
    query = sa.select(jobs).where(jobs.c.id == clean(id_))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {clean(id_)[:80]!r}.", code="job_not_found")
    return row


def _one(connection: sa.Connection, id_: str) -> Job:
    _row(connection, id_)
    return read_jobs(connection, sa.select(jobs).where(jobs.c.id == id_), _ERRORS_OF_ONE)[0]
