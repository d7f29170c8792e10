"""The service as a process: found by others, minding its worker, leaving nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from api.service import find_running, is_alive
from tests.cli.commands import SERVICE_ONLY, Service, environment, footnote, invoke, loaded_by, wait_for


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]


def stop(service: Service) -> None:
    os.kill(service.process.pid, signal.SIGTERM)
    service.process.communicate(timeout=60)


def test_commands_use_the_running_service_until_it_is_stopped(service: Service, folder: Path) -> None:
    data = ["--data", str(service.data)]
    assert footnote("ingest", str(folder / "lunch.txt"), "-c", "works", *data).status == 0
    assert "noon" in footnote("ask", "When is lunch served?", "-c", "works", "--json", *data).json()["answer"]
    assert invoke("search", "soup", "-c", "works", "--json", *data).json()["hits"][0]["source"] == "lunch.txt"

    for command in (["ask", "When is lunch served?"], ["search", "soup"], ["explain", "soup"]):
        assert loaded_by(*command, "-c", "works", *data) & set(SERVICE_ONLY) == set()

    assert "[collection_not_found]" in invoke("ask", "Why?", "-c", "none", *data).err
    assert "[unauthorized]" in invoke("ask", "Why?", *data, FOOTNOTE_API_KEY="wrong-" * 5).err

    workers = children(service.process.pid)
    assert len(workers) == 1
    stop(service)
    assert service.process.returncode == 0
    assert not (service.data / "service.json").exists()
    assert not is_alive(workers[0])


def test_worker_is_started_again_and_ends_with_the_service_even_when_that_is_killed(service: Service) -> None:
    assert wait_for(lambda: children(service.process.pid))
    (first,) = children(service.process.pid)
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: children(service.process.pid) not in ([], [first]))
    (second,) = children(service.process.pid)

    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait(timeout=30)
    assert wait_for(lambda: not is_alive(second))
    assert find_running(service.data) is None  # its record is still there, and is not believed


def test_demo_answers_everything_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api.demo", "--once", "--data", str(tmp_path / "demo")]
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # taken by someone else: as good
            taken.bind(("127.0.0.1", 8000))
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=180, env=environment(), check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Question ") == 5
    assert "5 of 5 answers are right." in done.stdout
    assert find_running(tmp_path / "demo") is None
