"""Many callers at once: so many that each waits for its answer (closed loop), or a rate that waits for none
(open loop).

In a closed loop a slow service is asked less often, so its latencies leave out what would have come meanwhile
(coordinated omission): they are those that so many patient clients see. In an open loop latency counts from
the moment when the call was due, whether or not a caller was free. The callers are threads of this process:
on a small machine they take processor time from the service, so `Load.cores` says how much.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from queue import Empty, SimpleQueue
from time import perf_counter, process_time, sleep
from urllib.parse import urlsplit

from eval.service import Running

MOST_CALLERS = 64
OK = 200
Caller = Callable[[str], int]
"""Asks a query and gives the HTTP status of the answer."""


@dataclass(slots=True)
class Load:
    """Milliseconds of the calls that were answered, how many were not by status, the seconds from the first
    call to the last answer, and the cores that this process kept busy meanwhile.
    """

    answered: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    cores: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answered) / self.seconds

    def note(self, started: float, status: int) -> None:
        """An answer that has just come."""
        if status == OK:
            self.answered.append(1000 * (perf_counter() - started))
        else:
            self.refused[status] += 1


def http_caller(running: Running, path: str, body: Mapping[str, object], field_name: str) -> Caller:
    """A caller with a connection of its own, kept open: POST of the body with the query in `field_name`.

    To be used soon: the service closes connections that are idle for some seconds.
    """
    address = urlsplit(str(running.client.base_url))
    assert address.hostname is not None
    connection = HTTPConnection(address.hostname, address.port, timeout=60)
    key = running.client.headers["Authorization"]
    headers = {"Authorization": key, "Content-Type": "application/json"}

    def ask(text: str) -> int:
        connection.request("POST", path, json.dumps({**body, field_name: text}), headers)
        answer = connection.getresponse()
        json.loads(answer.read())
        return answer.status

    return ask


def closed_loop(callers: Sequence[Caller], queries: Sequence[str], seconds: float) -> Load:
    """Each caller asks one query after the other, starting at a place of its own, until time is up; a first
    call of each is not counted.
    """
    load, count = Load(), len(callers)
    places = [n * len(queries) // count for n in range(count)]
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda caller, place: caller(queries[place]), callers, places))
        with _watched(load):
            until = perf_counter() + seconds
            list(pool.map(lambda caller, n: _patient(caller, queries, n, until, load), callers, places))
    return load


def _patient(caller: Caller, queries: Sequence[str], place: int, until: float, load: Load) -> None:
    while True:  # at least once
        place, started = (place + 1) % len(queries), perf_counter()
        load.note(started, caller(queries[place]))
        if perf_counter() >= until:
            return


def open_loop(
    make: Callable[[], Caller], queries: Sequence[str], rate: float, seconds: float, *, seed: int = 0
) -> Load:
    """Calls due at random moments (Poisson), `rate` of them a second, by at most MOST_CALLERS callers."""
    due: SimpleQueue[tuple[float, str]] = SimpleQueue()
    draw, moment = random.Random(seed), 0.0
    while (moment := moment + draw.expovariate(rate)) < seconds or due.empty():
        due.put((moment, draw.choice(queries)))
    load, callers = Load(), [make() for _ in range(MOST_CALLERS)]
    with ThreadPoolExecutor(MOST_CALLERS) as pool, _watched(load):
        start = perf_counter()
        list(pool.map(lambda caller: _punctual(caller, due, start, load), callers))
    return load


def _punctual(caller: Caller, due: SimpleQueue[tuple[float, str]], start: float, load: Load) -> None:
    while True:
        try:
            moment, text = due.get_nowait()
        except Empty:
            return
        sleep(max(0.0, start + moment - perf_counter()))
        load.note(start + moment, caller(text))


@contextmanager
def _watched(load: Load) -> Iterator[None]:
    started, worked = perf_counter(), process_time()
    yield
    load.seconds = perf_counter() - started
    load.cores = (process_time() - worked) / load.seconds
