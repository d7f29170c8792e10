"""Everything that could change a score, written down before the first question is asked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from eval.cases import Case
from eval.environment import machine
from eval.runs.record import Setup
from rag.service import Service
from rag.settings import Settings
from rag.types import AnswerMode, CheckPolicy

PACKAGES = (
    "footnote-rag", "faiss-cpu", "haystack-ai", "numpy", "onnxruntime", "openai", "ragas", "rapidfuzz",
    "rouge-score", "sacrebleu", "spacy", "tantivy", "tokenizers",
)  # fmt: skip
ANSWERING = (
    "profile", "encoder", "reader", "checker", "precision", "language", "index", "hnsw_threshold", "check",
    "lexical_weight", "rerank_candidates", "reader_candidates", "answer_accuracy", "answer_threshold",
    "reader_alone", "llm_url", "llm_model", "llm_max_tokens", "llm_prompt_cost", "llm_completion_cost",
)  # fmt: skip
"""Settings that answers depend on. How passages were cut is the collection's, whose version is noted."""
AUTOMATIC = "automatic"
"""The precision that nobody set: each model then has its own, which depends on the processor."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How each question is asked: passages to answer from, who writes, and what becomes of unsupported
    sentences (None: as the settings say).
    """

    k: int = 5
    mode: AnswerMode = "auto"
    check: CheckPolicy | None = None


def setup_of(
    service: Service,
    cases: Sequence[Case],
    collection: str,
    metrics: Sequence[str],
    asking: AskOptions,
    *,
    seed: int = 0,
    cases_file: str | None = None,
) -> Setup:
    """The setup of a run that begins now. Raises NotFound `collection_not_found`."""
    return Setup(
        id=secrets.token_hex(8),
        collection=collection,
        collection_version=service.store.collections.get(collection).version,
        created_at=datetime.now(UTC),
        metrics=tuple(metrics),
        cases=len(cases),
        cases_file=cases_file,
        cases_sha256=fingerprint(cases),
        models=models_of(service, collection),
        settings={**answering(service.settings, asking.check), "k": asking.k, "mode": asking.mode},
        packages=packages(),
        machine=machine(),
        seed=seed,
    )


def fingerprint(cases: Sequence[Case]) -> str:
    """SHA-256 of the cases, as hexadecimal digits."""
    return sha256(json.dumps([asdict(case) for case in cases], sort_keys=True).encode()).hexdigest()


def answering(settings: Settings, check: CheckPolicy | None) -> dict[str, str | int | float | bool | None]:
    """The settings that answers depend on; of the LLM's URL nothing that could be a secret."""
    found = {name: getattr(settings, name) for name in ANSWERING}
    if "precision" not in settings.model_fields_set:
        found["precision"] = AUTOMATIC
    return {**found, "llm_url": _without_secrets(settings.llm_url), "check": check or settings.check}


def models_of(service: Service, collection: str) -> dict[str, str]:
    """Role to `name@revision` of the models behind the answers."""
    infos = (
        service.searcher.open(collection).encoder.info,
        service.models.reader.info,
        service.models.checker.info,
    )
    found: dict[str, str] = {info.role: f"{info.name}@{info.revision[:12]}" for info in infos}
    return {**found, "llm": service.settings.llm_model} if service.settings.llm_url else found


def packages() -> dict[str, str]:
    """Package to version, of those installed that scores could depend on."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def setup_changes(first: Setup, second: Setup) -> tuple[str, ...]:
    """What differs between two setups, in words such as `settings.reader_candidates: 20 → 0`."""
    plain = [("collection", "collection"), ("collection_version", "collection version"), ("seed", "seed")]
    found = [_change(name, getattr(first, field), getattr(second, field)) for field, name in plain]
    if first.cases_sha256 != second.cases_sha256:
        found.append("the cases differ")
    for group in ("models", "settings", "packages", "machine"):
        found += _changes(group, getattr(first, group), getattr(second, group))
    return tuple(change for change in found if change)


def blocking_changes(first: Setup, second: Setup) -> tuple[str, ...]:
    """What keeps a run from being gone on with: as `altered`, but packages and machine may change."""
    metrics = _change("metrics", ", ".join(first.metrics), ", ".join(second.metrics))
    grave = [one for one in setup_changes(first, second) if not one.startswith(("packages.", "machine."))]
    return (*([metrics] if metrics else []), *grave)


def _changes(group: str, first: Mapping[str, object], second: Mapping[str, object]) -> list[str]:
    names = dict.fromkeys([*first, *second])
    return [_change(f"{group}.{name}", first.get(name, "–"), second.get(name, "–")) for name in names]


def _change(name: str, first: object, second: object) -> str:
    return "" if first == second else f"{name}: {first} → {second}"


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl() if url else ""
