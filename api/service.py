"""The service as a process: its socket, the record by which others find it, and the worker that it minds.

`DATA/service.json` says where a running service listens; the command line looks there first.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from rag.errors import Conflict, InvalidInput, RagError
from rag.files import write_whole
from rag.settings import Settings

logger = logging.getLogger(__name__)

RECORD = "service.json"
RESTART_DELAY_S = 1.0
LONGEST_RESTART_DELAY_S = 60.0
STOP_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that was started: its address, its process and whether a worker runs beside it."""

    url: str
    pid: int
    worker: bool


def find_running(data: Path) -> RunningService | None:
    """The service on this data folder if one answers; a record left by a killed one is ignored."""
    import httpx

    running = _read_record(data)
    if running is None or not is_alive(running.pid):
        return None
    try:
        # trust_env=False: a proxy for the outside world must not be asked about this machine.
        # verify=False: plain HTTP has no certificates, and reading the known ones takes 40 ms.
        answer = httpx.get(f"{running.url}/health", timeout=2.0, trust_env=False, verify=False)
    except httpx.HTTPError:
        return None
    return running if answer.status_code == 200 else None


def local_key(settings: Settings) -> str | None:
    """The admin key as this machine knows it: the setting, else the file that the first start wrote."""
    if settings.api_key is not None and settings.api_key.get_secret_value():
        return settings.api_key.get_secret_value()
    try:
        return (settings.data / "api_key").read_text().strip() or None
    except (FileNotFoundError, PermissionError):
        return None


def serve(settings: Settings, *, worker: bool, announce: Callable[[RunningService], None]) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is called with the address just before requests are taken."""
    with _listening(settings.host, settings.port) as listener:
        # Only now: a port in use is told at once, before seconds of imports.
        import uvicorn

        from api.http.app import create_app

        _try_store(settings)
        running = RunningService(_url(settings.host, listener.getsockname()[1]), os.getpid(), worker)
        app = create_app(settings)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
        with stop_on_signal(), _published(settings.data, running), _worker_beside(settings, wanted=worker):
            announce(running)
            server = uvicorn.Server(config)
            server.run(sockets=[listener])
            if not server.started:  # a signal ends the block above this line
                raise RagError("The service did not start; the lines above say why.", code="start_failed")


@contextmanager
def stop_on_signal() -> Iterator[None]:
    """SIGTERM and SIGINT end the block quietly, so that what it opened is closed in order."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        logger.info("Stopped.")
    finally:
        signal.signal(signal.SIGTERM, previous)


def stop_with_parent() -> None:
    """Stop this process when standard input closes, as it does when the parent dies."""

    stdin = sys.stdin.fileno()

    def watch() -> None:
        while os.read(stdin, 1):  # not sys.stdin: its lock would be held while the interpreter ends
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_GRACE_S)
        os._exit(1)  # a step that does not end must not outlive the service by more than this

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it, every answer waits 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise _bind_error(host, port, error) from error
        yield listener


def _bind_error(host: str, port: int, error: OSError) -> Conflict | InvalidInput:
    if isinstance(error, socket.gaierror):
        return InvalidInput(f"{host} is not an address of this machine.", code="invalid_address")
    reason = error.strerror or str(error)
    return Conflict(f"Cannot listen on {host}:{port}: {reason}.", code="port_in_use")


def _try_store(settings: Settings) -> None:
    """A store that cannot be opened is told in one line here, and with a trace by a server."""
    from rag.store import Store

    Store.open(settings.store_url).close()


def _url(host: str, port: int) -> str:
    """The address to visit: a wildcard host is reached by its loopback address."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _read_record(data: Path) -> RunningService | None:
    try:
        return RunningService(**json.loads((data / RECORD).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_alive(pid: int) -> bool:
    """Whether a process has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _published(data: Path, running: RunningService) -> Iterator[None]:
    write_whole(data / RECORD, json.dumps(asdict(running)) + "\n")
    try:
        yield
    finally:
        if _read_record(data) == running:  # another service on the same folder may have come since
            (data / RECORD).unlink(missing_ok=True)


@contextmanager
def _worker_beside(settings: Settings, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    minder = WorkerMinder(settings)
    try:
        yield
    finally:
        minder.stop()


class WorkerMinder:
    """Keeps one `footnote worker` alive: starts it again, ever more slowly, when it dies; ended by `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._command = [
            sys.executable,
            "-P",
            "-m",
            "api.cli.main",
            "worker",
            "--stop-with-parent",
            "--data",
            str(settings.data),
        ]
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._mind, name="worker-minder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the worker: first politely, after a grace by force. What it had not finished stays pending."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(STOP_GRACE_S)

    def _mind(self) -> None:
        delay = RESTART_DELAY_S
        while not self._stopping.is_set():
            started = time.monotonic()
            status = self._run_once()
            if self._stopping.is_set():
                return
            delay = RESTART_DELAY_S if time.monotonic() - started > LONGEST_RESTART_DELAY_S else delay * 2
            delay = min(delay, LONGEST_RESTART_DELAY_S)
            logger.error("The worker ended with status %s; another starts in %.0f s.", status, delay)
            self._stopping.wait(delay)

    def _run_once(self) -> int:
        # Its own session: Ctrl-C reaches the service, which ends the worker. The pipe closes with us.
        with subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True) as process:
            self._process = process
            return process.wait()
