"""The run: ingest, then for each size fill up, start, search, ask, load and weigh."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import perf_counter

from lab.bench.service import service
from lab.bench.speed import models
from lab.bench.speed import search as searching
from lab.bench.speed.baseline import Indexes, baseline_indexes
from lab.bench.speed.clients import busy_figures, client_figures
from lab.bench.speed.dataset import Dataset, fill, queries_from
from lab.bench.speed.footprint import (
    Process,
    baseline_process,
    build_figure,
    chunk_figures,
    first_use,
    graphs,
    install_figures,
    memory_figure,
    start_figures,
    weight_figures,
)
from lab.bench.speed.ingest import (
    Ingested,
    again_figure,
    every_chunk,
    ingest,
    ingest_figure,
    passages_of,
    some_documents,
    worker_memory,
)
from lab.bench.speed.models import encoded_rate
from lab.bench.speed.results import PARTS, Figure, Plan
from rag.errors import InvalidInput
from rag.index.embedded import folder_name
from rag.models.registry import describe, load_encoder
from rag.service import Service, open_service
from rag.settings import Settings
from rag.store import Store

COLLECTION = "bench"
SAMPLED = 200
IN_PROCESS = ("search", "stages", "ask", "embed", "rerank", "read", "check")


@dataclass(frozen=True, slots=True)
class Site:
    """Where a run happens: `data` is the service's folder, `scratch` holds the rest; `queries` are asked."""

    data: Path
    scratch: Path
    dataset: Dataset
    plan: Plan
    settings: Settings
    queries: tuple[str, ...]


def measure(dataset: Dataset, plan: Plan, scratch: Path) -> tuple[Figure, ...]:
    """All figures of the plan, in the order of PARTS; `scratch` is an empty folder.

    Raises InvalidInput `nothing_ingested`, ServiceFailed.
    """
    data = scratch / "data"
    settings = Settings(data=data)
    found = _ingested(dataset, plan, data, settings)
    site = Site(data, scratch, dataset, plan, settings, _queries(dataset, plan, settings))
    for size in plan.sizes:
        found += _at_size(site, size)
    if plan.wants("size"):
        found += [*weight_figures(settings, describe(settings)), *install_figures()]
    return tuple(sorted(found, key=lambda one: PARTS.index(one.part)))


def _ingested(dataset: Dataset, plan: Plan, data: Path, settings: Settings) -> list[Figure]:
    """Fill the collection; more than once, into others, where ingest is to be measured."""
    repeats = plan.repeats if plan.wants("ingest") else 1
    encoder = load_encoder(settings.encoder, settings)
    done: list[Ingested] = []
    with _progress("ingest"), service(data, sync_root=dataset.folder) as running:
        for repeat in range(repeats):
            one = ingest(running, dataset, f"{COLLECTION}-{repeat}" if repeat else COLLECTION)
            with closing(Store.open(settings.store_url)) as store:
                passages = passages_of(store, COLLECTION)
            if not passages:
                raise InvalidInput(
                    "Nothing was ingested, so there is nothing to measure.", code="nothing_ingested"
                )
            done.append(
                replace(one, baseline=encoded_rate(encoder, passages) if plan.wants("ingest") else None)
            )
        worker, parser = worker_memory(running)
    return [*ingest_figure(done, len(passages)), *_worker(worker, parser, settings, plan)]


def _worker(worker: float | None, parser: float | None, settings: Settings, plan: Plan) -> list[Figure]:
    if not plan.wants("memory"):
        return []
    encoder = [path for role, path in graphs(settings).items() if role == "encoder"]
    found = []
    for name, peak, label, paths in (
        ("worker", worker, "a process with the same encoder, bare library", encoder),
        ("its largest parser", parser, "a process with ONNX Runtime and NumPy loaded", []),
    ):
        baseline = baseline_process(paths, settings.threads, full=paths[0] if paths else None)
        found += memory_figure(name, [Process(0.0, peak)], label, [baseline], plan, {})
    return found


def _queries(dataset: Dataset, plan: Plan, settings: Settings) -> tuple[str, ...]:
    if dataset.queries:
        return dataset.queries[: plan.queries]
    with closing(Store.open(settings.store_url)) as store:
        texts = [chunk.text for chunk in every_chunk(store, COLLECTION)]
    return tuple(dict.fromkeys(queries_from(texts)))[: plan.queries]


def _at_size(site: Site, size: int) -> list[Figure]:
    """Everything at one size of the collection."""
    plan, settings = site.plan, site.settings
    with closing(Store.open(settings.store_url)) as store:
        with _progress(f"{size:,} chunks: fill, index"):
            fill(store, COLLECTION, size)
            at = {"chunks": store.collections.get(COLLECTION).chunks}
            _build(site)
            baseline = baseline_indexes(
                store, COLLECTION, settings.hnsw_threshold, site.scratch / f"bare-{size}"
            )
        with _progress(f"{size:,} chunks: {' '.join(IN_PROCESS)}"):
            found = _in_process(site, baseline, at, size == plan.middle)
        if plan.wants("size"):
            found += _sizes(site, store, at)
        with _progress(f"{size:,} chunks: start memory"):
            base, ours = _started(site, baseline)
            found += build_figure(site.data, settings, baseline, plan, at) if plan.wants("start") else []
        with _progress(f"{size:,} chunks: start memory clients busy ingest"):
            found += _served(site, store, at, size == plan.middle, ours, base)
    shutil.rmtree(baseline.folder)
    return found


def _started(site: Site, baseline: Indexes) -> tuple[list[Process], list[Process]]:
    """The bare process for each repeat, and the service for all but one: `_served` starts the last one."""
    plan, settings = site.plan, site.settings
    if not plan.wants("start", "memory"):
        return [], []
    paths = graphs(settings)
    base = [
        baseline_process(list(paths.values()), settings.threads, baseline.folder, paths.get("reader"))
        for _ in range(plan.repeats)
    ]
    ours = []
    for _ in range(plan.repeats - 1):
        with service(site.data) as running:
            ours.append(first_use(running, COLLECTION, site.queries))
    return base, ours


def _build(site: Site) -> None:
    """Let the product build its indexes, the graph included if one is due."""
    with closing(open_service(site.settings)) as service:
        service.indexes.catch_up(COLLECTION)
        service.indexes.refresh()  # waits for the graph


def _index_folder(site: Site) -> Path:
    """Of the first process to take a slot."""
    return site.data / "index" / "0" / folder_name(COLLECTION, 0)


def _in_process(site: Site, baseline: Indexes, at: dict[str, int], middle: bool) -> list[Figure]:
    plan, queries, found = site.plan, site.queries, []
    if not plan.wants(*(IN_PROCESS if middle else ("search", "stages", "ask"))):
        return []
    with closing(open_service(site.settings)) as service:
        service.warm()
        asked = searching.prepared(service, queries)
        if plan.wants("search"):
            found += searching.search_figures(service, COLLECTION, baseline, asked, plan, at)
        if plan.wants("stages"):
            found += searching.stage_figures(service, COLLECTION, asked, plan, at)
        if plan.wants("ask"):
            found += models.ask_figures(service, COLLECTION, queries, plan, at)
        if middle:
            found += _models(service, queries, plan)
    return found


def _models(service: Service, queries: Sequence[str], plan: Plan) -> list[Figure]:
    found = []
    if plan.wants("embed"):
        found += models.embed_figures(service, _sampled(service.store), queries, plan)
    if plan.wants("rerank"):
        found += models.rerank_figures(service, COLLECTION, queries, plan)
    if plan.wants("read"):
        found += models.read_figures(service, COLLECTION, queries, plan)
    if plan.wants("check"):
        found += models.check_figures(service, COLLECTION, queries, plan)
    return found


def _served(
    site: Site,
    store: Store,
    at: dict[str, int],
    middle: bool,
    started: Sequence[Process],
    baseline: Sequence[Process],
) -> list[Figure]:
    """What needs a service with its worker. Ingest comes last, as it adds to the collection."""
    plan, found = site.plan, []
    if not plan.wants("start", "memory", "ingest", *(("clients", "busy") if middle else ())):
        return []
    with service(site.data, sync_root=site.dataset.folder) as running:
        if baseline:
            last = first_use(running, COLLECTION, site.queries)
            found += start_figures([*started, last], baseline, plan, at)
        if plan.wants("clients") and middle:
            with closing(_service_beside(site)) as beside:
                found += client_figures(running, beside, COLLECTION, site.queries, plan, at)
        if plan.wants("busy") and middle:
            found += busy_figures(running, site.dataset, COLLECTION, site.queries, plan, at)
        if plan.wants("ingest"):
            documents = some_documents(store, COLLECTION)
            encoder = load_encoder(site.settings.encoder, site.settings)
            found += again_figure(running, store, COLLECTION, documents, encoder, plan, at)
    return found


def _service_beside(site: Site) -> Service:
    """A service in this process with a slot of its own, graph included; the running one has the first."""
    index = site.data / "index"
    shutil.rmtree(index / "1", ignore_errors=True)
    shutil.copytree(index / "0", index / "1")
    service = open_service(site.settings)
    service.warm()
    service.indexes.catch_up(COLLECTION)
    return service


def _sizes(site: Site, store: Store, at: dict[str, int]) -> list[Figure]:
    encoder = load_encoder(site.settings.encoder, site.settings)
    return chunk_figures(site.settings, _index_folder(site), encoder, _sampled(store), at)


def _sampled(store: Store) -> list[str]:
    return [chunk.text for chunk in islice(every_chunk(store, COLLECTION), SAMPLED)]


@contextmanager
def _progress(what: str) -> Iterator[None]:
    started = perf_counter()
    print(f"{what} …", file=sys.stderr, flush=True)
    yield
    print(f"{what}: {perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
