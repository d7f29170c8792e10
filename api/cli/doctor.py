"""`footnote doctor`: loads and tries every part for real, and says what to do about what does not work.

Parts are imported where they are tried, so that one that does not import is a finding and not the end.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import typer
from rich.text import Text

from api.cli.console import out, print_json
from api.cli.options import FAILED, Data, Json, settings_from
from api.service import find_running
from rag.errors import RagError
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.models.types import ModelInfo
    from rag.store import Store

DISTRIBUTION = "footnote-rag"
LEAST_FREE_BYTES = 1 << 30
TROUBLE = (RagError, ImportError, OSError, RuntimeError, ValueError, httpx.HTTPError)
"""What a broken part raises: its own error, a library that does not load, a runtime that refuses."""

QUESTION = "How many bar is the pump rated for?"
PASSAGE = "The pump is rated for a working pressure of 16 bar."
OTHER = "Lunch is served in the canteen between noon and two."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed` says whether Footnote, as configured, cannot do without it."""

    name: str
    ok: bool
    needed: bool
    detail: str
    advice: str = ""


app = typer.Typer(add_completion=False)


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Say what is installed, what loads and works, and what to do about what does not."""
    findings = examine(settings_from(data=data))
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if not all(finding.ok for finding in findings if finding.needed):
        raise typer.Exit(FAILED)


def _print(findings: list[Finding]) -> None:
    """One line a finding, with what to do below those that are not well."""
    console = out()
    for finding in findings:
        mark, style = (
            ("ok  ", "green") if finding.ok else (("FAIL", "red") if finding.needed else ("--  ", "yellow"))
        )
        console.print(Text.assemble((mark, style), f" {finding.name}: {finding.detail}"), soft_wrap=True)
        if finding.advice:
            console.print(Text(f"     → {finding.advice}"), soft_wrap=True)


def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order in which to mend things."""
    return [
        _versions(),
        _disk(settings),
        _attempt(
            "store",
            lambda: _store(settings),
            advice="Check FOOTNOTE_STORE, its rights and that the database runs.",
        ),
        _attempt("encoder", lambda: _encoder(settings), advice=_model_advice("FOOTNOTE_ENCODER")),
        _attempt("reader", lambda: _reader(settings), advice=_model_advice("FOOTNOTE_READER")),
        _attempt("checker", lambda: _checker(settings), advice=_model_advice("FOOTNOTE_CHECKER")),
        _attempt(
            "ingest and search",
            lambda: _end_to_end(settings),
            advice="Mend what failed above first; then look at the text.",
        ),
        *_remote_index(settings),
        *_llm(settings),
        *(_extra(name, settings) for name in _extras()),
        _service(settings),
    ]


def _attempt(name: str, work: Callable[[], str], *, advice: str, needed: bool = True) -> Finding:
    try:
        return Finding(name, True, needed, work())
    except TROUBLE as error:
        text = (
            f"[{error.code}] {error.message}"
            if isinstance(error, RagError)
            else f"{type(error).__name__}: {error}"
        )
        return Finding(name, False, needed, " ".join(text.split()), advice)


def _versions() -> Finding:
    libraries = ("onnxruntime", "faiss-cpu", "tantivy", "haystack-ai", "unstructured")
    found = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in libraries)
    own = importlib.metadata.version(DISTRIBUTION)
    return Finding("versions", True, True, f"footnote {own}, Python {platform.python_version()}, {found}")


def _disk(settings: Settings) -> Finding:
    folder = _nearest_existing(settings.data.resolve())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free for {settings.data.resolve()}"
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            "disk",
            False,
            True,
            f"{folder} cannot be written: {error.strerror}",
            "Choose another folder with --data.",
        )
    advice = "" if free > LEAST_FREE_BYTES else "Make room: under 1 GB is left."
    return Finding("disk", free > LEAST_FREE_BYTES, True, detail, advice)


def _nearest_existing(folder: Path) -> Path:
    return folder if folder.exists() else _nearest_existing(folder.parent)


def _store(settings: Settings) -> str:
    if not settings.store and not (settings.data / "footnote.db").exists():
        return f"none yet; the first start makes {settings.data / 'footnote.db'}"
    from rag.store import Store

    store = Store.open(settings.store_url)
    try:
        collections = store.collections.all()
    finally:
        store.close()
    documents = sum(collection.documents for collection in collections)
    return f"tables are up to date, {len(collections)} collections with {documents} documents"


def _encoder(settings: Settings) -> str:
    from rag.models.registry import load_encoder

    started = time.monotonic()
    encoder = load_encoder(settings.encoder, settings)
    query = encoder.encode_queries([QUESTION])[0].dense
    near, far = (passage.dense for passage in encoder.encode_passages([PASSAGE, OTHER]))
    if not float(query @ near) > float(query @ far):
        raise RuntimeError("it loads, and ranks an unrelated passage above the one that answers")
    return _loaded(encoder.info, started)


def _reader(settings: Settings) -> str:
    from rag.models.registry import load_reader

    started = time.monotonic()
    reader = load_reader(settings.reader, settings)
    readings = reader.read(QUESTION, [OTHER, PASSAGE]).readings
    if not readings or "16" not in readings[0].text:
        raise RuntimeError("it loads, and does not find the answer in a passage that states it")
    return _loaded(reader.info, started)


def _checker(settings: Settings) -> str:
    from rag.models.registry import load_checker

    started = time.monotonic()
    checker = load_checker(settings.checker, settings)
    verdict = checker.check([PASSAGE], [[PASSAGE]])[0]
    if verdict.label != "supported":
        raise RuntimeError(f"it loads, and calls a sentence {verdict.label} by that very sentence")
    return _loaded(checker.info, started)


def _loaded(info: ModelInfo, started: float) -> str:
    seconds = time.monotonic() - started
    size = f"{info.parameters / 1e6:.1f}M parameters"
    return f"{info.name}, {size}, revision {info.revision[:12]}, loaded and tried in {seconds:.1f} s"


def _end_to_end(settings: Settings) -> str:
    """A worker and a service on a folder of their own: parse, split, embed, store, index, find."""
    from rag.store import Store

    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="footnote-doctor-") as folder:
        private = settings.model_copy(update={"data": Path(folder), "store": "", "index": "embedded"})
        store = Store.open(private.store_url)
        try:
            _ingest(private, store)
            _find_again(private, store)
        finally:
            store.close()
    seconds = time.monotonic() - started
    return f"a document was read, embedded, indexed (FAISS, Tantivy) and found again in {seconds:.1f} s"


def _ingest(settings: Settings, store: Store) -> None:
    from ingest.handler import ingest_worker
    from ingest.submit import submit_uploads
    from ingest.types import Upload

    store.collections.create("doctor")
    pages = [Upload("pump.md", f"# Pump\n\n{PASSAGE}\n".encode()), Upload("lunch.txt", OTHER.encode())]
    job_id = submit_uploads(store, "doctor", pages).id
    with ingest_worker(settings, store) as worker:
        worker.drain()
    job = store.jobs.get(job_id)
    if job.status != "succeeded":
        reasons = "; ".join(f"{error.source} [{error.code}] {error.message}" for error in job.errors)
        raise RuntimeError(f"ingest ended as {job.status}: {reasons}")


def _find_again(settings: Settings, store: Store) -> None:
    from rag.service import open_service
    from rag.types import Mode, Query

    modes: tuple[Mode, ...] = ("dense", "lexical")
    service = open_service(settings, store)
    try:
        for mode in modes:
            hits, _ = service.searcher.search(Query(QUESTION, "doctor", 1, mode=mode))
            if not hits or hits[0].document.source != "pump.md":
                raise RuntimeError(f"{mode} search does not find the document that answers")
    finally:
        service.close()


def _remote_index(settings: Settings) -> list[Finding]:
    if not settings.index.startswith("qdrant+"):
        return []
    url = settings.index.removeprefix("qdrant+")

    headers = {"api-key": settings.index_key.get_secret_value()} if settings.index_key else {}

    def attempt() -> str:
        return _reached(f"{url.rstrip('/')}/readyz", headers)

    return [_attempt("qdrant", attempt, advice="Check FOOTNOTE_INDEX and that Qdrant runs there.")]


def _llm(settings: Settings) -> list[Finding]:
    if not settings.llm_url:
        return [Finding("language model", True, False, "none configured; answers are quoted")]
    key = settings.llm_key.get_secret_value() if settings.llm_key else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}

    def attempt() -> str:
        return _reached(f"{settings.llm_url.rstrip('/')}/models", headers)

    return [
        _attempt(
            "language model",
            attempt,
            advice="Check FOOTNOTE_LLM_URL and FOOTNOTE_LLM_KEY; without it answers are quoted.",
            needed=False,
        )
    ]


def _reached(url: str, headers: dict[str, str]) -> str:
    answer = httpx.get(url, headers=headers, timeout=5.0)
    answer.raise_for_status()
    return f"{url} answers"


def _extras() -> dict[str, list[str]]:
    """Extra to the distributions it needs, read from the installed project's own metadata."""
    extras: dict[str, list[str]] = {}
    for requirement in importlib.metadata.requires(DISTRIBUTION) or []:
        match = re.match(r"([\w.-]+).*extra == ['\"](\w+)['\"]", requirement)
        if match:
            extras.setdefault(match.group(2), []).append(match.group(1))
    return extras


def _extra(name: str, settings: Settings) -> Finding:
    missing = [distribution for distribution in _extras()[name] if not _installed(distribution)]
    needed = (name == "postgres" and settings.store.startswith("postgresql")) or (
        name == "qdrant" and settings.index.startswith("qdrant")
    )
    if not missing:
        return Finding(f"extra {name}", True, needed, "installed")
    advice = (
        f"pip install 'footnote-rag[{name}]' if you want it"
        if not needed
        else f"pip install 'footnote-rag[{name}]'"
    )
    return Finding(f"extra {name}", False, needed, f"not installed ({', '.join(missing)})", advice)


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _service(settings: Settings) -> Finding:
    running = find_running(settings.data)
    detail = f"runs at {running.url} (process {running.pid})" if running else "none runs on this data folder"
    return Finding("service", True, False, detail)


def _model_advice(variable: str) -> str:
    return (
        f"Unset {variable} and FOOTNOTE_WEIGHTS to use the shipped model; a reinstall brings its files back."
    )
