"""The parser process: reads files from a connection until it is closed. Started by pool.py as `python -m`."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from ingest.parse.failures import out_of_memory
from ingest.parse.limits import Context
from ingest.parse.messages import ALIVE, Request, decode_request, encode_document, encode_error
from ingest.parse.parsers import parse_file
from rag.errors import ParseError

_HEADROOM_MB = 256
_FIRST_TO_GO = "1000"


def main(descriptor: int) -> None:
    """Answer requests on the socket with this file descriptor."""
    _volunteer()
    _leave_torch_out()
    with Connection(descriptor) as connection:
        alive = partial(connection.send_bytes, ALIVE)
        while True:
            try:
                request = decode_request(connection.recv_bytes())
                content = connection.recv_bytes()
            except EOFError:
                return
            connection.send_bytes(answer(request, content, alive))


def answer(request: Request, content: bytes, alive: Callable[[], None] = lambda: None) -> bytes:
    """The document or the failure, as bytes; whatever a parser raises is a failed file and no more."""
    try:
        _limit_memory(request.limits.memory_mb)
        context = Context(request.limits, alive)
        return encode_document(parse_file(content, request.source, request.media_type, context))
    except ParseError as error:
        return encode_error(error)
    except MemoryError:
        return encode_error(out_of_memory(request.limits.memory_mb))


def _limit_memory(megabytes: int) -> None:
    """Bound what the process can allocate: an allocation between two looks of the worker cannot run away.

    RLIMIT_DATA counts private memory that can be written, used or not, and no libraries; the headroom is for
    what is reserved and never touched. What is really used the worker watches, see pool.py.
    """
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = (megabytes + _HEADROOM_MB) * 2**20
    resource.setrlimit(
        resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
    )


def _volunteer() -> None:
    """When the whole machine runs out of memory, let Linux end this process and not the worker."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)


def _leave_torch_out() -> None:
    """spaCy's libraries import torch where it is installed, and use it for nothing here: it would take 2.5 s
    and 150 MiB of every parser's start.
    """
    sys.modules["torch"] = None  # type: ignore[assignment]  # an import of it fails


if __name__ == "__main__":
    main(int(sys.argv[1]))
