"""The parser process: reads files from a connection until it is closed. Started by pool.py as `python -m`."""

from __future__ import annotations

import logging
import os
import resource
import sys
from multiprocessing.connection import Connection

from ingest.parse.failures import corrupt, empty, out_of_memory, too_large
from ingest.parse.memory import address_space_mb
from ingest.parse.registry import parser_for
from ingest.parse.wire import Request, decode_request, encode_document, encode_error
from ingest.types import ParsedDocument
from rag.errors import ParseError

MAX_CHARACTERS = 20_000_000
_LONGEST_REASON = 300
_HEADROOM_MB = 2048

log = logging.getLogger(__name__)


def main(descriptor: int) -> None:
    """Answer requests on the socket with this file descriptor."""
    with Connection(descriptor) as connection:
        while True:
            try:
                request = decode_request(connection.recv_bytes())
                content = connection.recv_bytes()
            except EOFError:
                return
            connection.send_bytes(answer(request, content))


def answer(request: Request, content: bytes) -> bytes:
    """The document or the failure, as bytes; whatever a parser raises is a failed file and no more."""
    try:
        parser = parser_for(request.media_type)
        _limit_memory(request.memory_mb)
        return encode_document(_checked(parser(content, request.source)))
    except ParseError as error:
        return encode_error(error)
    except MemoryError:
        return encode_error(out_of_memory(request.memory_mb))
    except Exception as error:
        # Parsers of damaged files raise what they like (KeyError, AttributeError, struct.error, …).
        log.exception("%s cannot be read", request.source)
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        return encode_error(corrupt(request.media_type, reason))


def _checked(document: ParsedDocument) -> ParsedDocument:
    if not document.text.strip():
        raise empty()
    if len(document.text) > MAX_CHARACTERS:
        raise too_large(f"The text has {len(document.text):,} characters, more than {MAX_CHARACTERS:,}.")
    return document


def _limit_memory(megabytes: int) -> None:
    """Let the address space grow by this much from here; what is loaded already does not count.

    Address space runs ahead of use (arenas, libraries that are mapped), hence the headroom: this only stops
    the one allocation that is larger than all memory. What is really used the worker watches, see pool.py.
    """
    used = address_space_mb(os.getpid())
    if not used:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = int(used + megabytes + _HEADROOM_MB) * 2**20
    resource.setrlimit(
        resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
