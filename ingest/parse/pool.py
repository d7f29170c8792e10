"""Warm parser processes under limits: a parser that dies is a failed file, never a dead worker."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from ingest.parse.failures import crashed, out_of_memory, timed_out
from ingest.parse.memory import resident_mb
from ingest.parse.wire import Request, decode_answer, encode_request
from ingest.types import ParsedDocument

_KEEPS = 0.75  # a parser that still holds this share of its limit after a file makes room for a fresh one
_POLL_S = 0.05
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

    `memory_mb` bounds what a process holds in all, with its libraries: about 450 MiB once unstructured is in.
    """

    def __init__(self, *, size: int = 1, timeout_s: float = 120.0, memory_mb: int = 1024) -> None:
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._all = [_Parser() for _ in range(size)]
        self._free: queue.SimpleQueue[_Parser] = queue.SimpleQueue()
        for parser in self._all:
            self._free.put(parser)

    def parse(self, source: str, media_type: str, content: bytes) -> ParsedDocument:
        """The document; raises ParseError for whatever goes wrong, see failures.py."""
        parser = self._free.get()
        try:
            return parser.parse(Request(source, media_type, self._memory_mb), content, self._timeout_s)
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

    def parse(self, request: Request, content: bytes, timeout_s: float) -> ParsedDocument:
        connection, process = self._running()
        try:
            connection.send_bytes(encode_request(request))
            connection.send_bytes(content)
            self._wait(connection, process, request.memory_mb, timeout_s)
            message = connection.recv_bytes()
        except (EOFError, ConnectionError) as error:
            raise crashed(self._ending()) from error
        if resident_mb(process.pid) > _KEEPS * request.memory_mb:
            self.stop()
        return decode_answer(message)

    def kill(self) -> None:
        """End the process from another thread; the one that waits for it clears up."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """Kill the process; there is nothing in it to save."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
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
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": _python_path()},
            )
        self._connection = Connection(ours.detach())
        return self._connection, self._process

    def _wait(self, connection: Connection, process: Process, memory_mb: int, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not connection.poll(_POLL_S):
            if time.monotonic() > deadline:
                self.stop()
                raise timed_out(timeout_s)
            if resident_mb(process.pid) > memory_mb:
                self.stop()
                raise out_of_memory(memory_mb)

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
