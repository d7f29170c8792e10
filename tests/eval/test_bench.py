"""The benchmark on next to nothing: that it measures everything, not how fast."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from eval.beir_folder import CorpusDocument
from eval.bench import Plan, bench, main
from eval.bench_data import Material, queries_from, repeated_samples
from eval.bench_report import Results, markdown, summarised
from eval.corpus import put_whole
from eval.filler import fill
from eval.machine import machine, peak_memory_mb
from eval.raw import measure_raw
from rag.answer.engine import Engine
from rag.settings import Settings

STAGES = (
    "embed",
    "dense",
    "lexical",
    "fuse",
    "late interaction",
    "read",
    "check",
    "ask",
    "HTTP search",
    "HTTP query",
)


def test_every_figure_is_there(tmp_path: Path, manuals: Engine) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(4):
        (folder / f"page-{number}.md").write_text(
            f"# Page {number}\n\nThe valve of pump {number} opens at {number} bar.\n"
        )
    raw = measure_raw(Settings(threads=2), least_s=0.01)
    assert raw.tokens_per_second > 0
    found = bench(Material("docs", folder, (), ("Which valve opens?",)), Plan(60, 2), raw, tmp_path / "data")
    assert found.ingest.counts["added"] == 4
    assert found.ingest.chunks >= 4
    assert found.ingest.tokens > found.ingest.chunks
    assert found.start.chunks == 60
    for measured in (found.idle, found.busy):
        assert set(STAGES) <= set(measured)
        assert all(latency.n == 2 and 0 < latency.p50 <= latency.p95 for latency in measured.values())
    results = Results(machine(), raw, (found,))
    json.dumps(asdict(results), allow_nan=False)
    assert all(stage in markdown(results) for stage in STAGES)


def test_filler_reaches_the_size_and_is_searchable(manuals: Engine) -> None:
    store = manuals.store
    put_whole(
        store, manuals.encoder, "filled", [CorpusDocument("a.txt", "", "The anchor weighs ninety kilograms.")]
    )
    assert fill(store, "filled", 45) == 44
    assert store.collection("filled").chunks == 45
    assert fill(store, "filled", 45) == 0
    vector = manuals.encoder.encode_queries(["How heavy is the anchor?"])[0].dense
    assert len(manuals.indexes.search_dense("filled", vector, 100)) == 45


def test_filler_needs_something_to_copy(manuals: Engine) -> None:
    manuals.store.create_collection("bare")
    with pytest.raises(ValueError, match="no chunk"):
        fill(manuals.store, "bare", 10)


def test_without_data_the_samples_are_copied(tmp_path: Path) -> None:
    found = repeated_samples(tmp_path)
    assert found.folder == tmp_path
    names = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert len(names) == 10 * len(set(names)) > 0


def test_queries_are_drawn_from_the_text_and_repeat() -> None:
    texts = ["Short. The longest sentence of this text has more than ten words in it, truly.", "One only"]
    found = queries_from(texts)
    assert set(found) == {"The longest sentence of this text has more than ten", "One only"}
    assert found == queries_from(texts)


def test_ratio_is_to_the_bare_forward_pass() -> None:
    raw = replace(measure_raw(Settings(threads=1), least_s=0.01), query_ms=2.0)
    found = summarised([4.0, 4.0, 8.0], raw)
    assert (found.p50, found.n, found.ratio) == (4, 3, 2)


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path / "none")]) == 1
    assert "path_not_found" in capsys.readouterr().err


def test_peak_memory_of_this_process() -> None:
    found = peak_memory_mb()
    assert found is None or found > 10
