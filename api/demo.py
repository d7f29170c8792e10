"""`make demo`: the real service with the sample handbook in it, and five kinds of questions asked of it.

Exit status 0 when every answer says what it should, from the right file, with every sentence quoted or
supported, and the question that the files do not answer is declined; else 1.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.rule import Rule
from rich.text import Text

from api.cli.console import out, print_error
from api.cli.results import print_answer
from api.service import STOP_GRACE_S, RunningService, find_running, is_alive, stop_on_signal
from footnote.calls import Turn
from footnote.client import Client
from footnote.errors import FootnoteError
from footnote.models import Answer, Job
from rag.errors import RagError
from rag.types import GROUNDED

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
COLLECTION = "handbook"
PORT = 8000
READY_S = 120.0
OF_OTHERS = ("DATA", "STORE", "INDEX", "HOST", "PORT", "SYNC_ROOTS")
"""Settings of a real service that the demo must not touch, even when they are in the environment."""


class DemoFailed(RagError):
    """The service did not start, or did not take the samples."""

    code = "demo_failed"


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """A question about the handbook, what the answer has to say and the file that it stands in; None where
    no file answers. One that `follows` is asked in a conversation with the one before.
    """

    kind: str
    question: str
    source: str | None
    says: tuple[str, ...]
    follows: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m api.demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end after printing instead of serving on")
    parser.add_argument("--data", type=Path, default=Path(".demo"), help="folder of the demo's data")
    given = parser.parse_args(arguments)
    good = False
    with stop_on_signal():
        try:
            with service(given.data.resolve()) as running:
                good = show(running, given.data)
                if not given.once:
                    serve_on(running)
        except (RagError, FootnoteError) as error:
            print_error(error)
            return 1
    return 0 if good else 1


def show(running: RunningService, data: Path) -> bool:
    """Ingest the samples, ask, print everything; whether every answer is right."""
    with Client(running.url, demo_key(data)) as client:
        ingest(client)
        results = ask_all(client)
    print_address(running, data)
    out().print(Text(f"{sum(results)} of {len(results)} answers are right.", "bold"))
    return all(results)


@contextmanager
def service(data: Path) -> Iterator[RunningService]:
    """The service on this folder: the one that runs already, or one that lives as long as the block."""
    running = find_running(data)
    if running is not None:
        out().print(f"The demo's service runs already at {running.url}.")
        yield running
        return
    data.mkdir(parents=True, exist_ok=True)
    with open(data / "service.log", "wb", opener=private) as log:  # the first start prints its key
        process = start(data, free_port(), log.fileno())
        try:
            yield wait_until_ready(data, process)
        finally:
            end(process)


def start(data: Path, port: int, log: int) -> subprocess.Popen[bytes]:
    """`footnote serve`. It runs in the data folder, where no footnote.toml lies, and ends when we do."""
    command = [sys.executable, "-P", "-m", "api.cli.main", "serve", "--data", str(data), "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not _of_others(name)}
    return subprocess.Popen(
        [*command, "--stop-with-parent"],
        cwd=data,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def wait_until_ready(data: Path, process: subprocess.Popen[bytes]) -> RunningService:
    """Where the service listens, once /ready says so. Raises DemoFailed with the end of its log."""
    console, started = out(), time.monotonic()
    console.print("Starting the service …")
    while time.monotonic() - started < READY_S:
        if process.poll() is not None:
            raise DemoFailed(f"The service ended with status {process.returncode}: {log_tail(data)}")
        running = find_running(data)
        if running is not None and running.pid == process.pid and is_ready(running):
            console.print(f"Ready after {time.monotonic() - started:.1f} s at {running.url}.")
            return running
        time.sleep(0.1)
    raise DemoFailed(f"The service was not ready within {READY_S:.0f} s: {log_tail(data)}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop the service: politely, then by force."""
    process.terminate()
    try:
        process.wait(2 * STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(BrokenPipeError):
        if process.stdin:
            process.stdin.close()


def ingest(client: Client) -> None:
    """Bring the handbook into its collection over HTTP; a second run finds it unchanged."""
    try:
        client.create_collection(COLLECTION, "The sample handbook")
    except FootnoteError as error:
        if error.code != "collection_exists":
            raise
    folder = SAMPLES / "handbook"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    started = time.monotonic()
    job = client.wait(client.upload(COLLECTION, files, base=folder))
    out().print(f"Ingested {len(files)} files in {time.monotonic() - started:.1f} s: {outcome(job)}.")
    if job.status != "succeeded":
        reasons = "; ".join(f"{e.source} [{e.code}] {e.message}" for e in job.errors)
        raise DemoFailed(f"The samples were not all read ({job.status}): {reasons}")


def outcome(job: Job) -> str:
    """The counts that are not zero."""
    counts = job.counts.model_dump(exclude={"total"})
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to do"


def questions() -> list[SampleQuestion]:
    """Those of samples/demo.jsonl."""
    rows = [json.loads(line) for line in (SAMPLES / "demo.jsonl").read_text().splitlines() if line]
    return [
        SampleQuestion(
            row["kind"], row["question"], row["source"], tuple(row["says"]), row.get("follows", False)
        )
        for row in rows
    ]


def ask_all(client: Client) -> list[bool]:
    """Ask the questions one after the other; whether each was answered as it should."""
    results: list[bool] = []
    turns: list[Turn] = []
    for number, one in enumerate(questions(), 1):
        console = out()
        console.print(Rule(style="dim"))
        console.print(Text(f"Question {number}, {one.kind}: {one.question}", "bold"))
        history = turns if one.follows else []
        answer = client.ask(COLLECTION, one.question, check="flag", history=history)
        print_answer(answer)
        problem = shortcoming(answer, one)
        if problem:
            console.print(Text(problem, "red"))
        results.append(problem is None)
        turns = [
            *history,
            {"role": "user", "content": one.question},
            {"role": "assistant", "content": answer.answer},
        ]
    return results


def shortcoming(answer: Answer, asked: SampleQuestion) -> str | None:
    """What is wrong with an answer, or None."""
    if asked.source is None:
        return None if answer.abstained and answer.closest else "Answered, though no file says it."
    if answer.abstained or not answer.sentences:
        return "Not found."
    if asked.source not in {citation.source for citation in answer.citations}:
        return f"Not from {asked.source}, which answers this."
    missing = [words for words in asked.says if words not in answer.answer]
    if missing:
        return f"Does not say: {', '.join(missing)}."
    if any(one.verdict is None or one.verdict.label not in GROUNDED for one in answer.sentences):
        return "Not every sentence is supported."
    return None


def print_address(running: RunningService, data: Path) -> None:
    """Where the service is and how to use it."""
    console = out()
    body = json.dumps({"collection": COLLECTION, "question": "Who founded Skerry Line?"})
    ours = os.environ.get("FOOTNOTE_API_KEY") is None
    key = f"$(cat {data / 'api_key'})" if ours else "$FOOTNOTE_API_KEY"
    where = f"in the file {data / 'api_key'}" if ours else "your FOOTNOTE_API_KEY"
    console.print(Rule(style="dim"))
    for line in (
        f"Service:  {running.url}  (the page asks for the key; the API is under {running.url}/v1)",
        f"Key:      {where}",
        f"Log:      {data / 'service.log'}",
        f"""Try:      curl -s {running.url}/v1/query -H "Authorization: Bearer {key}" \\
               -H 'Content-Type: application/json' -d '{body}'""",
        f"          .venv/bin/footnote ask 'Who founded Skerry Line?' -c {COLLECTION} --data {data}",
    ):
        console.print(Text(line), soft_wrap=True)


def serve_on(running: RunningService) -> None:
    """Wait until Ctrl-C, or until the service ends by itself."""
    out().print("Serving until Ctrl-C.")
    while is_alive(running.pid):
        time.sleep(0.5)
    raise DemoFailed("The service ended by itself; its log says why.")


def is_ready(running: RunningService) -> bool:
    """Whether /ready says so."""
    with Client(running.url) as client:
        return client.ready()


def demo_key(data: Path) -> str:
    """The key of the demo's service."""
    return os.environ.get("FOOTNOTE_API_KEY") or (data / "api_key").read_text().strip()


def free_port() -> int:
    """The usual port, or 0 (any) when something listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            out().print(f"Port {PORT} is taken; another one is used.")
            return 0
    return PORT


def private(path: str, flags: int) -> int:
    """Opens a file that only its owner may read."""
    return os.open(path, flags, 0o600)


def log_tail(data: Path) -> str:
    """The last lines of the service's log."""
    return " / ".join((data / "service.log").read_text(errors="replace").strip().splitlines()[-5:])


def _of_others(variable: str) -> bool:
    return variable.removeprefix("FOOTNOTE_") in OF_OTHERS and variable.startswith("FOOTNOTE_")


if __name__ == "__main__":
    sys.exit(main())
