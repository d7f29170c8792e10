"""A run while it goes on, in a folder or in the store: setup, cases, and a row for every case that is done.

A row is written before the next case counts as done, so that a run that was killed goes on where it stopped.
Of a folder run.json, cases.jsonl and rows.jsonl are all that is needed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Protocol

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from eval.cases import Case, parse_case, read_cases
from eval.cases.write import as_row, write_cases
from eval.runs.record import Row, Setup
from eval.runs.setup import blocking_changes
from rag.errors import Conflict, InvalidInput, NotFound
from rag.files import file_lock, write_whole
from rag.store import EvaluationRow, Store

SETUP = "run.json"
CASES = "cases.jsonl"
ROWS = "rows.jsonl"
REPORT = "report.json"

_SETUP = TypeAdapter(Setup)
_LINE = TypeAdapter(tuple[float, Row])
_ROW = TypeAdapter(Row)


class Journal(Protocol):
    """Where a run is written down. `rows` maps a case's id to its row, `seconds` is what they took."""

    setup: Setup
    rows: dict[str, Row]
    seconds: float

    def add(self, row: Row, seconds: float) -> None:
        """Write a row; `seconds` is the run's time up to now. A later row of an id counts."""

    def close(self) -> None:
        """Let go of it."""


OpenJournal = Callable[[Setup, Sequence[Case]], Journal]
"""Goes on with the unfinished run of this setup and these cases, or begins one. Raises Conflict `run_differs`
when the unfinished run is of something else.
"""


def in_folder(folder: Path, *, fresh: bool = False) -> OpenJournal:
    """The journal in a folder; see `FolderJournal`."""
    return lambda setup, cases: FolderJournal(folder, setup, cases, fresh=fresh)


def in_store(store: Store, job: str, *, fresh: bool = False) -> OpenJournal:
    """The journal of a job in the store; see `StoreJournal`."""
    return lambda setup, cases: StoreJournal(store, job, setup, cases, fresh=fresh)


class FolderJournal:
    """The folder of one run, held by one process at a time."""

    def __init__(self, folder: Path, setup: Setup, cases: Sequence[Case], *, fresh: bool = False) -> None:
        """Go on with the unfinished run of this folder, or begin one where there is none, the last one is
        finished, or a `fresh` one is wanted.

        Raises Conflict `run_differs` when the unfinished run is of something else, Conflict `run_locked`
        while another process works on it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = _locked(folder)
        self.setup = setup
        self.rows: dict[str, Row] = {}
        self.seconds = 0.0
        try:
            if fresh or not self._resumed(setup):
                self._begin(setup, cases)
            self._file: IO[str] = (folder / ROWS).open("a", encoding="utf-8")
        except BaseException:
            self._lock.release()
            raise

    def add(self, row: Row, seconds: float) -> None:
        """Put a row on the disk; `seconds` is the run's time up to now. A later row of an id counts."""
        self._file.write(_LINE.dump_json((seconds, row)).decode() + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.rows[row.id], self.seconds = row, seconds

    def close(self) -> None:
        """Let go of the folder."""
        self._file.close()
        self._lock.release()

    def _resumed(self, setup: Setup) -> bool:
        """Whether there is a run to go on with; its setup and rows are taken over then."""
        if not (self._folder / SETUP).is_file():
            return False
        before = read_setup(self._folder)
        rows, seconds = _read_rows(self._folder / ROWS)
        if len(rows) >= before.cases and (self._folder / REPORT).is_file():
            return False
        changes = blocking_changes(before, setup)
        if changes:
            advice = "Write to another folder, or begin afresh with --fresh."
            raise _run_differs(f"{self._folder} holds", changes, advice)
        self.setup = before
        self.rows, self.seconds = rows, seconds
        return True

    def _begin(self, setup: Setup, cases: Sequence[Case]) -> None:
        (self._folder / SETUP).unlink(missing_ok=True)  # last to come, so that no part of an old run counts
        (self._folder / REPORT).unlink(missing_ok=True)
        (self._folder / ROWS).write_bytes(b"")
        write_cases(cases, self._folder / CASES)
        write_whole(self._folder / SETUP, _SETUP.dump_json(setup, indent=2).decode() + "\n")


class StoreJournal:
    """The rows of an evaluation in the store; whoever carries out its job is the only one who writes them.

    Rows stay when the run is finished: a retry of the job asks some of its cases anew.
    """

    def __init__(
        self, store: Store, job: str, setup: Setup, cases: Sequence[Case], *, fresh: bool = False
    ) -> None:
        self._store = store
        self._job = job
        self.setup = setup
        self.rows: dict[str, Row] = {}
        self.seconds = 0.0
        before = None if fresh else store.evaluations.get(job)
        if before is None:
            cases_json = json.dumps([as_row(case) for case in cases])
            store.evaluations.begin(job, _SETUP.dump_json(setup).decode(), cases_json)
        else:
            self._resume(_SETUP.validate_json(before.setup))

    def add(self, row: Row, seconds: float) -> None:
        """Commit a row."""
        self._store.evaluations.add_row(
            self._job, EvaluationRow(row.id, seconds, _ROW.dump_json(row).decode())
        )
        self.rows[row.id], self.seconds = row, seconds

    def close(self) -> None:
        """Nothing is held."""

    def _resume(self, before: Setup) -> None:
        changes = blocking_changes(before, self.setup)
        if changes:
            raise _run_differs(f"The store holds for {self._job}", changes, "Begin afresh.")
        self.setup = before
        for row in self._store.evaluations.rows(self._job):
            self.rows[row.case_id], self.seconds = _ROW.validate_json(row.payload), row.seconds


def read_stored_cases(store: Store, job: str) -> list[Case] | None:
    """The cases of an evaluation in the store, None before it has begun."""
    record = store.evaluations.get(job)
    if record is None:
        return None
    return [parse_case(row, f"cases[{place}]") for place, row in enumerate(json.loads(record.cases))]


def read_setup(folder: Path) -> Setup:
    """The setup of the run in a folder. Raises NotFound `run_not_found`, InvalidInput `run_invalid`."""
    try:
        return _SETUP.validate_json((folder / SETUP).read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"There is no run in {folder}.", code="run_not_found") from error
    except ValidationError as error:
        raise InvalidInput(f"{folder / SETUP} is not the file of a run.", code="run_invalid") from error


def read_run_cases(folder: Path) -> list[Case]:
    """The cases of the run in a folder. Raises as read_setup, and InvalidInput `cases_invalid`."""
    read_setup(folder)
    return read_cases(folder / CASES)


def _read_rows(path: Path, *, mend: bool = True) -> tuple[dict[str, Row], float]:
    """The rows of a journal and their seconds; a last line that was cut off is taken out of the file."""
    rows: dict[str, Row] = {}
    seconds, good = 0.0, 0
    content = path.read_bytes() if path.is_file() else b""
    for line in content.splitlines(keepends=True):
        try:
            seconds, row = _LINE.validate_json(line)
        except ValidationError:
            break
        rows[row.id], good = row, good + len(line)
    if mend and good < len(content):
        os.truncate(path, good)
    return rows, seconds


def _locked(folder: Path) -> FileLock:
    lock = file_lock(folder / ".lock")
    try:
        lock.acquire()
    except Timeout as error:
        raise Conflict(f"Another process works on the run in {folder}.", code="run_locked") from error
    return lock


def _run_differs(what: str, changes: Sequence[str], advice: str) -> Conflict:
    return Conflict(
        f"{what} an unfinished run of something else ({'; '.join(changes)}). {advice}", code="run_differs"
    )
