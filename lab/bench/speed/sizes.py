"""What a chunk takes on disk, what the install takes, and what the weights take."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from lab.bench.speed.results import Figure
from rag.models.registry import model_folder
from rag.models.types import Encoder, ModelInfo
from rag.settings import Settings

PACKAGE = "footnote-rag"
CORE = ("faiss-cpu", "numpy", "onnxruntime", "tantivy", "tokenizers")
_TEXT, _DENSE, _TOKENS = (
    "SELECT count(*), sum(length(CAST(text AS BLOB))) FROM chunks",
    "SELECT count(*), sum(length(dense)) FROM vectors",
    "SELECT count(*), sum(length(packed)) FROM token_vectors",
)


def chunk_figures(
    settings: Settings, index: Path, encoder: Encoder, texts: Sequence[str], at: dict[str, int]
) -> list[Figure]:
    """Bytes per chunk in an SQLite store and in the embedded indexes of a collection, in the folder `index`.

    `texts` are real chunks, to count the tokens that an uncompressed vector each would be for.
    """
    if not settings.store_url.startswith("sqlite:///"):
        return []
    chunks, text, dense, tokens, whole = _stored(Path(settings.store_url.removeprefix("sqlite:///")))
    info = encoder.info
    vector = 4.0 * (info.dimension or 0)
    counted = [min(len(encoder.token_spans(one)) + 2, info.max_tokens) for one in texts]
    each = 4.0 * (info.token_dimension or 0) * sum(counted) / len(counted)
    rows: list[tuple[str, float, str, float]] = [
        ("store, all of it", whole / chunks, "its text and its vector in float32", text / chunks + vector),
        ("store, dense vector", dense / chunks, "its vector in float32", vector),
        ("FAISS", folder_bytes(index / "faiss") / at["chunks"], "its vector in float32", vector),
        ("Tantivy", folder_bytes(index / "tantivy") / at["chunks"], "its text", text / chunks),
    ]
    if tokens:
        rows.insert(2, ("store, token vectors", tokens / chunks, "float32 for each token", each))
    return [
        _counted(f"a chunk: {name}", value, label, base, "bytes", at) for name, value, label, base in rows
    ]


def _stored(path: Path) -> tuple[int, float, float, float, float]:
    """Chunks, and bytes of their text, dense vectors, token vectors and of the whole file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        chunks, text = connection.execute(_TEXT).fetchone()
        dense, tokens = (connection.execute(query).fetchone()[1] or 0 for query in (_DENSE, _TOKENS))
    return chunks, text, dense, tokens, float(path.stat().st_size)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below, without compiled bytecode."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def weight_figures(settings: Settings, models: Sequence[ModelInfo]) -> list[Figure]:
    """Each model's folder beside its parameters in float32."""
    found = []
    for model in models:
        folder = model_folder(model.name, settings)
        if folder is not None:
            base = 4 * model.parameters / 1e6
            name = f"weights: {model.role}"
            found.append(
                _counted(name, folder_bytes(folder) / 1e6, "its parameters in float32", base, "MB", {})
            )
    return found


def install_figures() -> list[Figure]:
    """The base install's packages beside the libraries at its core; nothing where it is not installed."""
    try:
        whole = {name: _package_bytes(dist) for name, dist in closure([PACKAGE]).items() if name != PACKAGE}
        core = {name: _package_bytes(dist) for name, dist in closure(CORE).items()}
    except PackageNotFoundError:
        return []
    label = "ONNX Runtime, tokenizers, FAISS, Tantivy, NumPy"
    rows = sum(whole.values()) / 1e6, label, sum(core.values()) / 1e6
    return [_counted("packages it needs, without extras", *rows, "MB", {}, {"packages": float(len(whole))})]


def closure(names: Sequence[str]) -> dict[str, Distribution]:
    """These installed packages and all that they need without extras but those asked for, by name.

    Raises PackageNotFoundError when one that is needed is missing.
    """
    found: dict[str, Distribution] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        found[name] = distribution(name)
        waiting += needed(found[name], extras)
    return found


def needed(
    package: Distribution, extras: frozenset[str] = frozenset()
) -> Iterator[tuple[str, frozenset[str]]]:
    """The packages that one asks for here, by normalised name, each with the extras wanted of it."""
    for line in package.requires or []:
        need = Requirement(line)
        wanted = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras})
        if wanted:
            yield need.name.lower().replace("_", "-").replace(".", "-"), frozenset(need.extras)


def _package_bytes(package: Distribution) -> int:
    paths = [Path(str(package.locate_file(file))) for file in package.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc")


def _counted(
    name: str,
    value: float,
    baseline: str,
    base: float,
    unit: str,
    at: dict[str, int],
    notes: dict[str, float] | None = None,
) -> Figure:
    return Figure("size", name, unit, "lower", (value,), baseline, (base,), at, notes=notes or {})
