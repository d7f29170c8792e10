"""A run on disk while it goes on: its setup, its cases, and a line for every case that is done.

A line is on the disk before the next case counts as done, so that a run that was killed goes on where it
stopped. RUN.json, cases.jsonl and rows.jsonl are all that is needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from eval.cases import Case, read_cases
from eval.cases.write import write_cases
from eval.runs.record import Row, Setup
from eval.runs.setup import blocking_changes
from rag.errors import Conflict, InvalidInput, NotFound
from rag.files import file_lock, write_whole

SETUP = "run.json"
CASES = "cases.jsonl"
ROWS = "rows.jsonl"
REPORT = "report.json"

_SETUP = TypeAdapter(Setup)
_LINE = TypeAdapter(tuple[float, Row])


class Journal:
    """The folder of one run, held by one process at a time. `rows` maps a case's id to its row, `seconds`
    is the time that they took.
    """

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
            raise Conflict(
                f"{self._folder} holds an unfinished run of something else ({'; '.join(changes)}). Write to "
                "another folder, or begin afresh with --fresh.",
                code="run_differs",
            )
        self.setup = before
        self.rows, self.seconds = rows, seconds
        return True

    def _begin(self, setup: Setup, cases: Sequence[Case]) -> None:
        (self._folder / SETUP).unlink(missing_ok=True)  # last to come, so that no part of an old run counts
        (self._folder / REPORT).unlink(missing_ok=True)
        (self._folder / ROWS).write_bytes(b"")
        write_cases(cases, self._folder / CASES)
        write_whole(self._folder / SETUP, _SETUP.dump_json(setup, indent=2).decode() + "\n")


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
