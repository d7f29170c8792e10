"""Warm parser processes under limits: a parser that dies is a failed file, never a dead worker."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from ingest.parse.failures import crashed, out_of_memory, timed_out
from ingest.parse.limits import Limits
from ingest.parse.messages import ALIVE, Request, decode_answer, encode_request
from ingest.types import ParsedDocument
from rag.errors import ParseError
from rag.settings import Settings

_KEEPS = 0.75  # a parser that still holds this share of its limit after a file makes room for a fresh one
_POLL_S = 0.05
_LONGEST = 30  # times the timeout, which starts anew with every scanned page and every file of an archive
# One thread each and no spare arenas: a parser stands beside the models and must stay small.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "1",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "PYTHONUNBUFFERED": "1",
}
Process = subprocess.Popen[bytes]
_ROOT = Path(__file__).parents[2]


class ParserPool:
    """`size` processes, each started with its first file. Threads may share a pool: a file waits its turn.

    `limits.memory_mb` bounds what a process holds in all, with its libraries: about 450 MiB once unstructured
    is in. `limits.timeout_s` bounds a file, and each page of one that goes through OCR.
    """

    def __init__(self, limits: Limits | None = None, *, size: int = 1) -> None:
        self.limits = limits or Limits()
        self._all = [_Parser() for _ in range(size)]
        self._free: queue.SimpleQueue[_Parser] = queue.SimpleQueue()
        for parser in self._all:
            self._free.put(parser)

    @classmethod
    def of(cls, settings: Settings) -> ParserPool:
        """A pool of one process under the limits of the settings."""
        return cls(
            Limits(
                timeout_s=settings.parse_timeout_s,
                memory_mb=settings.parse_memory_mb,
                file_bytes=settings.parse_max_mb * 2**20,
                pages=settings.parse_max_pages,
                characters=settings.parse_max_characters,
            )
        )

    def parse(self, source: str, media_type: str, content: bytes) -> ParsedDocument:
        """The document; raises ParseError for whatever goes wrong, see failures.py."""
        parser, request = self._free.get(), Request(source, media_type, self.limits)
        try:
            used = parser.is_running
            try:
                return parser.parse(request, content)
            except ParseError as error:
                if error.code != "parse_out_of_memory" or not used:
                    raise
            parser.stop()  # what earlier files have left there is not this file's fault
            return parser.parse(request, content)
        finally:
            self._free.put(parser)

    def interrupt(self) -> None:
        """Kill every process: what is being parsed ends at once, as `parser_crashed`."""
        for parser in self._all:
            parser.kill()

    def close(self) -> None:
        """End every process; waits for files that are being parsed."""
        for _ in self._all:
            self._free.get().stop()

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Parser:
    """One process and the connection to it."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._connection: Connection | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there and has libraries loaded."""
        return self._process is not None

    def parse(self, request: Request, content: bytes) -> ParsedDocument:
        connection, process = self._running()
        try:
            connection.send_bytes(encode_request(request))
            connection.send_bytes(content)
            message, end = ALIVE, time.monotonic() + _LONGEST * request.limits.timeout_s
            while message == ALIVE:
                self._wait(connection, process, request.limits, end)
                message = connection.recv_bytes()
        except (EOFError, ConnectionError) as error:
            raise crashed(self._ending()) from error
        if resident_mb(process.pid) > _KEEPS * request.limits.memory_mb:
            self.stop()
        return decode_answer(message)

    def kill(self) -> None:
        """End the process from another thread; the one that waits for it clears up."""
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Kill the process and what it has started; there is nothing in it to save."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            if self._process.poll() is None:  # else its number may be another's by now
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._connection = self._process = None

    def _running(self) -> tuple[Connection, Process]:
        if self._connection is not None and self._process is not None and self._process.poll() is None:
            return self._connection, self._process
        self.stop()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ingest.parse.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a group of its own, which ends with it
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": _python_path()},
            )
        self._connection = Connection(ours.detach())
        return self._connection, self._process

    def _wait(self, connection: Connection, process: Process, limits: Limits, end: float) -> None:
        deadline = min(end, time.monotonic() + limits.timeout_s)
        while not connection.poll(_POLL_S):
            if time.monotonic() > deadline:
                self.stop()
                raise timed_out(limits.timeout_s)
            if resident_mb(process.pid) > limits.memory_mb:
                self.stop()
                raise out_of_memory(limits.memory_mb)

    def _ending(self) -> str:
        process = self._process
        if process is None:
            return "it ended"
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = 0
        self.stop()
        return f"signal {-code}" if code < 0 else f"exit status {code}"


def _python_path() -> str:
    """The parser finds this package even when it is not installed."""
    return os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MiB, 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
