"""ingest with patterns, an empty folder, and --watch: the real command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.store import Store
from tests.cli.commands import Service, environment, invoke, wait_for

PAGE = "# {0}\n\nThis page is about {0}.\n"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "drafts").mkdir(parents=True)
    for name in ("one.md", "two.md", "drafts/three.md", "notes.log"):
        (folder / name).write_text(PAGE.format(name))
    return folder


def test_patterns_say_what_is_taken(pages: Path, tmp_path: Path) -> None:
    patterns = ("--include", "*.md", "--exclude", "drafts/", "--exclude", "two*")
    result = invoke("ingest", str(pages), *patterns, "--data", str(tmp_path / "data"), "--json")
    assert result.json()["counts"] == {
        "total": 1, "added": 1, "replaced": 0, "moved": 0, "unchanged": 0, "removed": 0, "failed": 0,
        "quarantined": 0,
    }  # fmt: skip
    result = invoke("ingest", str(pages), "--include", "!", "--data", str(tmp_path / "data"))
    assert result.status == 1
    assert "[invalid_pattern]" in result.err


def test_an_empty_folder_is_refused_and_the_way_out_is_named(pages: Path, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    assert invoke("ingest", str(pages), *data).status == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    result = invoke("ingest", str(empty), "--delete-missing", *data)
    assert result.status == 1
    assert "[empty_root]" in result.err
    assert "--allow-empty" in result.err
    result = invoke("ingest", str(empty), "--delete-missing", "--allow-empty", *data, "--json")
    assert result.json()["counts"]["removed"] == 4


def test_the_data_folder_is_not_ingested(pages: Path) -> None:
    data = ("--data", str(pages / "data"))
    for _ in range(2):
        assert invoke("ingest", str(pages), *data, "--json").json()["counts"]["total"] == 4


class Watch:
    """An `ingest --watch` under way: what it prints is read from files."""

    def __init__(self, folder: Path, data: Path, out: Path, *more: str) -> None:
        command = [sys.executable, "-P", "-m", "api.cli.main", "ingest", str(folder), "--watch", "--json"]
        self._out, self._err = out, out.with_suffix(".err")
        with out.open("w") as stdout, self._err.open("w") as stderr:
            self.process = subprocess.Popen(
                [*command, "--data", str(data), "--delete-missing", *more],
                stdout=stdout,
                stderr=stderr,
                env=environment(),
                # a shell that starts the tests in the background has them ignore Ctrl-C
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def passes(self) -> list[dict[str, object]]:
        """The counts above zero of each pass so far."""
        lines = self._out.read_text().splitlines(keepends=True)
        counts = [json.loads(line)["counts"] for line in lines if line.endswith("\n")]
        return [{name: number for name, number in one.items() if number} for one in counts]

    def end(self) -> tuple[int, str]:
        """The status after Ctrl-C, and what was printed to standard error."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60), self.errors()

    def errors(self) -> str:
        """What was printed to standard error so far."""
        return self._err.read_text()


@pytest.fixture
def watch(pages: Path, tmp_path: Path) -> Iterator[Watch]:
    started = Watch(pages, tmp_path / "data", tmp_path / "out")
    yield started
    if started.process.poll() is None:
        os.kill(started.process.pid, signal.SIGKILL)
        started.process.wait()


def test_watch_follows_every_kind_of_change_until_ctrl_c(watch: Watch, pages: Path) -> None:
    assert wait_for(lambda: len(watch.passes()) == 1)
    assert watch.passes()[0] == {"total": 4, "added": 4}
    (pages / "one.md").write_text(PAGE.format("another thing"))
    assert wait_for(lambda: len(watch.passes()) == 2)
    assert watch.passes()[1] == {"total": 1, "replaced": 1}
    (pages / "drafts").rename(pages / "final")
    assert wait_for(lambda: len(watch.passes()) == 3)
    assert watch.passes()[2] == {"total": 1, "moved": 1}
    (pages / "two.md").unlink()
    assert wait_for(lambda: len(watch.passes()) == 4)
    assert watch.passes()[3] == {"total": 1, "removed": 1}
    (pages / ".hidden.md").write_text("not for the collection")
    (pages / ".footnoteignore").write_text("*.log\n")
    assert wait_for(lambda: len(watch.passes()) == 5)
    assert watch.passes()[4] == {"total": 3, "removed": 1, "unchanged": 2}
    status, err = watch.end()
    assert status == 0
    assert "Traceback" not in err


def test_watch_beside_a_service_looks_again_and_goes_on_when_a_pass_fails(
    service: Service, pages: Path, tmp_path: Path
) -> None:
    watch = Watch(pages, service.data, tmp_path / "out", "--every", "1")
    try:
        assert wait_for(lambda: len(watch.passes()) >= 2), "it looks again without any change"
        pages.rename(tmp_path / "away")
        assert wait_for(lambda: "[path_not_found]" in watch.errors())
        (tmp_path / "away").rename(pages)
        before = len(watch.passes())
        assert wait_for(lambda: len(watch.passes()) > before)
    finally:
        status, err = watch.end()
    assert (status, "Traceback" in err) == (0, False)
    assert watch.passes()[0] == {"total": 4, "added": 4}
    assert all(counts == {"total": 4, "unchanged": 4} for counts in watch.passes()[1:])
    with Store.open(f"sqlite:///{service.data / 'footnote.db'}") as store:
        assert len(store.documents.sources("default")) == 4
