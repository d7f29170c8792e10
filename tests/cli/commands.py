"""The real command in a subprocess, on a data folder of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from api.cli.main import main
from api.service import RunningService, find_running

PUMP = """# Pump manual

## Pressure

The pump is rated for a working pressure of 16 bar. Above 18 bar the relief valve opens by itself.

## Oil

The gearbox takes 4 litres of oil, which is changed every 500 hours of running.
"""
LUNCH = "Lunch is served in the canteen between noon and two. On Fridays there is soup.\n"


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def environment(**extra: str) -> dict[str, str]:
    """This process's environment without its settings; FOOTNOTE_TEST_WEIGHTS names other weights."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    weights = os.environ.get("FOOTNOTE_TEST_WEIGHTS")
    kept |= {"FOOTNOTE_WEIGHTS": weights} if weights else {}
    return {**kept, "OMP_NUM_THREADS": "2", "COLUMNS": "110", **extra}


def footnote(*arguments: str, cwd: Path | None = None, **variables: str) -> Result:
    """Run `footnote` to its end."""
    command = [sys.executable, "-P", "-m", "api.cli.main", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env=environment(**variables),
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


SERVICE_ONLY = (
    "numpy",
    "onnxruntime",
    "faiss",
    "tantivy",
    "fastapi",
    "sqlalchemy",
    "alembic",
    "dbos",
    "haystack",
    "torch",
    "rag.store",
    "rag.service",
)
"""What only a service, a worker or a command that works by itself needs."""


def loaded_by(*arguments: str, **variables: str) -> set[str]:
    """The modules that `footnote` has loaded when it ends."""
    program = (
        "import atexit, sys; from api.cli.main import main; "
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(**variables),
        check=True,
    )
    return set(done.stderr.split())


def invoke(*arguments: str, cwd: Path = Path("."), **variables: str) -> Result:
    """The same in this process, which spares its start: the entry point and the hook for what it raises."""
    out, err, hook = StringIO(), StringIO(), sys.excepthook
    with (
        patch.object(sys, "argv", ["footnote", *arguments]),
        patch.dict(os.environ, environment(**variables), clear=True),
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code
        except Exception as error:  # noqa: BLE001 - all that gets here goes to the hook, as in the interpreter
            sys.excepthook(type(error), error, error.__traceback__)
            status = 1
        finally:
            sys.excepthook = hook
    assert isinstance(status, int)
    return Result(status, out.getvalue(), err.getvalue())


@dataclass(frozen=True, slots=True)
class Service:
    """A `footnote serve` that is ready."""

    process: subprocess.Popen[str]
    running: RunningService
    data: Path


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Look until the condition holds; False when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def start(data: Path, *arguments: str) -> Service:
    """Start `footnote serve` on a free port and wait until it answers."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "api.cli.main",
        "serve",
        "--data",
        str(data),
        "--port",
        "0",
        *arguments,
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert wait_for(lambda: find_running(data) or process.poll() is not None)
    running = find_running(data)
    assert running is not None, process.communicate()[0]
    return Service(process, running, data)
