"""The benchmark on next to nothing: that it measures everything beside a baseline, not how fast."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from eval.corpus import CorpusDocument, put_whole
from eval.environment import machine, peak_memory_mb
from lab.bench.speed import baseline
from lab.bench.speed.__main__ import QUICK, main, run, write
from lab.bench.speed.baseline import FaissAlone, TantivyAlone
from lab.bench.speed.clients import closed_loop, open_loop
from lab.bench.speed.compare import compare
from lab.bench.speed.dataset import Dataset, fill, queries_from, repeated_samples, sampled_files
from lab.bench.speed.footprint import closure
from lab.bench.speed.plots import plots
from lab.bench.speed.report import comparison_markdown, markdown
from lab.bench.speed.results import PARTS, Figure, Results, Setup, quantiles, read, to_json
from lab.bench.speed.timing import recorded, replay, with_passes
from rag.errors import InvalidInput
from rag.index import faiss as product
from rag.service import Service

pytestmark = pytest.mark.timeout(900)  # the run starts three services, which a busy machine delays
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A whole run: the real service, the real models, every part."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(4):
        text = f"# Page {number}\n\nThe valve of pump {number} opens at {number} bar.\n"
        (folder / f"page-{number}.md").write_text(text)
    dataset = Dataset("four pages", folder, (), ("Which valve opens?", "At how many bar?"))
    return run(dataset, replace(QUICK, sizes=(30,), rates=(50,), block_s=0.02, fewest=1), "a test")


def test_every_part_has_figures_with_a_baseline_and_a_ratio(measured: Results) -> None:
    assert {one.part for one in measured.figures} == set(PARTS)
    for one in measured.figures:
        assert one.baseline
        assert one.value > 0, one.key
        assert one.ratio == pytest.approx(one.value / one.baseline_value), one.key
    keys = [one.key for one in measured.figures]
    assert len(keys) == len(set(keys))


def test_figures_are_taken_where_the_plan_says(measured: Results) -> None:
    found = {one.key for one in measured.figures}
    for kind in ("search, not reranked", "search", "question"):
        for clients in (1, 2):
            assert f"clients · {kind}, throughput · chunks 30, clients {clients}" in found
            assert f"clients · {kind}, latency · chunks 30, clients {clients}" in found
        assert f"clients · {kind}, latency at a rate · chunks 30, rate 50" in found
    assert {"search · dense, best 100 · chunks 30", "ask · a question · chunks 30"} <= found
    errors = [one.notes["other errors"] for one in measured.figures if one.part == "clients"]
    assert errors
    assert not any(errors)


def test_the_bare_passes_are_those_of_the_call(measured: Results) -> None:
    notes = {one.key: one.notes for one in measured.figures}
    assert notes["read · 5 passages"]["tokens"] > 5 * 10
    assert notes["rerank · 20 passages, reader"]["tokens"] > notes["read · 5 passages"]["tokens"]
    both, alone = notes["check · a sentence, 1 passage (both nets)"], notes["check · a sentence, 1 passage"]
    assert both["tokens"] > alone["tokens"] > 0


def test_a_run_can_be_read_again(measured: Results, tmp_path: Path) -> None:
    write(measured, tmp_path)
    assert read(tmp_path / "bench.json") == json_like(measured)
    told = json.loads((tmp_path / "bench.json").read_text())
    assert told["schema"] == 1
    assert told["setup"]["plan"]["sizes"] == [30]
    assert {"numpy", "onnxruntime", "faiss-cpu"} <= set(told["setup"]["packages"])
    assert set(told["setup"]["models"]) == {"encoder", "reader", "checker"}
    assert all(row["ratio"]["low"] <= row["ratio"]["median"] for row in told["figures"])


def json_like(results: Results) -> Results:
    """With lists where JSON has them, in what is kept as plain data."""
    plan = json.loads(json.dumps(asdict(results.setup)["plan"]))
    return replace(results, setup=replace(results.setup, plan=plan))


def test_pictures_and_page_are_well_formed_and_load_nothing(measured: Results, tmp_path: Path) -> None:
    write(measured, tmp_path)
    pictures = sorted(tmp_path.glob("*.svg"))
    again = plots(measured)
    assert [path.stem for path in pictures] == sorted(f"bench-{name}" for name in again)
    assert {"latency-by-size", "throughput-by-clients", "latency-by-clients", "stages", "ratios"} <= set(
        again
    )
    same = (path.read_text() == again[path.stem.removeprefix("bench-")] for path in pictures)
    assert all(same), "the same figures give the same files"
    for path in pictures:
        root = ElementTree.fromstring(path.read_text())
        assert root.tag == f"{SVG}svg"
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for text in root.iter(f"{SVG}text"):
            x, y = _place(text)
            assert 0 <= x <= width
            assert 0 <= y <= height
    whole = (tmp_path / "bench.html").read_text()
    assert whole.count("<svg") == len(pictures)
    assert "src=" not in whole
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', whole))
    assert all(one.baseline in (tmp_path / "bench.md").read_text() for one in measured.figures)


def _place(text: ElementTree.Element) -> tuple[float, float]:
    """Where a text stands: in attributes, or moved and turned there."""
    if "x" in text.attrib:
        return float(text.attrib["x"]), float(text.attrib["y"])
    moved = re.search(r"translate\(([\d.-]+) ([\d.-]+)\)", text.attrib["transform"])
    assert moved is not None
    return float(moved[1]), float(moved[2])


def test_shown_and_compared_without_measuring(
    measured: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(measured, tmp_path)
    path = str(tmp_path / "bench.json")
    assert main(["--from", path, "--against", path]) == 0
    told = capsys.readouterr().out
    assert "## search" in told
    assert f"{len(measured.figures)} figures compared by their ratios: 0 worse and 0 better" in told


# comparison, on made-up figures


def _results(
    ratios: dict[str, Sequence[float]], *, slower_machine: float = 1.0, better: str = "lower"
) -> Results:
    base = 10 * slower_machine
    figures = tuple(
        Figure(
            "search",
            name,
            "ms",
            "lower" if better == "lower" else "higher",
            tuple(base * ratio for ratio in values),
            "FAISS alone",
            tuple(base for _ in values),
            {"chunks": 1000},
        )
        for name, values in ratios.items()
    )
    setup = Setup("2026-11-21T00:00:00+00:00", "made up", None, machine(), {}, {}, {}, {}, "nothing")
    return Results(setup, figures)


def test_a_planted_slowdown_is_flagged_and_noise_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = _results({"dense": (1.0, 1.04, 0.97), "lexical": (2.0, 2.1, 1.95), "hybrid": (3.0, 3.3, 2.9)})
    new = _results(
        {"dense": (1.33, 1.28, 1.31), "lexical": (2.05, 1.9, 2.12), "hybrid": (3.2, 3.1, 3.4)},
        slower_machine=3.0,
    )
    outcomes = {one.key: one.outcome for one in compare(old, new).changes}
    assert outcomes == {
        "search · dense · chunks 1000": "worse",
        "search · lexical · chunks 1000": "same",
        "search · hybrid · chunks 1000": "same",
    }
    (tmp_path / "old.json").write_text(to_json(old))
    (tmp_path / "new.json").write_text(to_json(new))
    paths = [str(tmp_path / name) for name in ("new.json", "old.json")]
    assert main(["--from", paths[0], "--against", paths[1]]) == 3
    assert "| search · dense · chunks 1000   |" in capsys.readouterr().out
    assert main(["--from", paths[1], "--against", paths[0]]) == 0


def test_noise_alone_is_seldom_called_worse() -> None:
    random = np.random.default_rng(0)
    ratios = {f"{n}": np.exp(random.normal(0, 0.1, 5)).tolist() for n in range(400)}
    again = {f"{n}": np.exp(random.normal(0, 0.1, 5)).tolist() for n in range(400)}
    assert len(compare(_results(ratios), _results(again)).worse) <= 2


def test_more_is_better_for_rates() -> None:
    old, new = (_results({"rate": values}, better="higher") for values in ((0.8, 0.81), (0.5, 0.51)))
    assert [one.outcome for one in compare(old, new).changes] == ["worse"]
    assert [one.outcome for one in compare(new, old).changes] == ["better"]


def test_a_single_repeat_tells_no_spread() -> None:
    found = compare(_results({"dense": (1.0,)}), _results({"dense": (2.0,)}))
    assert [one.outcome for one in found.changes] == ["unknown"]


def test_what_only_one_run_has_is_named() -> None:
    found = compare(_results({"dense": (1.0,), "old": (1.0,)}), _results({"dense": (1.0,), "new": (1.0,)}))
    told = comparison_markdown(found)
    assert "Only in the old run: search · old · chunks 1000." in told
    assert "Only in the new run: search · new · chunks 1000." in told


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no JSON", "bench_invalid"),
        ('{"schema": 99, "figures": []}', "bench_schema"),
        ('{"figures": [{"part": "search"}]}', "bench_invalid"),
        ("[]", "bench_invalid"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path / "bench.json")
    assert refused.value.code == code


def test_a_run_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--from", str(tmp_path / "none.json")]) == 1
    assert "bench_not_found" in capsys.readouterr().err


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path / "none")]) == 1
    assert "path_not_found" in capsys.readouterr().err


# parts


def test_a_figure_needs_a_baseline_for_each_run() -> None:
    with pytest.raises(ValueError, match="baseline above 0"):
        Figure("search", "dense", "ms", "lower", (1.0, 2.0), "FAISS alone", (1.0,))


def test_ratios_are_paired_by_repeat() -> None:
    found = Figure("search", "dense", "ms", "lower", (2.0, 4.0, 9.0), "FAISS alone", (1.0, 2.0, 3.0))
    assert found.ratios == (2.0, 2.0, 3.0)
    assert found.ratio == 2.0


def test_few_calls_tell_no_tail() -> None:
    assert quantiles([1.0] * 19).p95 is None
    few, many = quantiles([1.0] * 99), quantiles(range(101))
    assert (few.p95, few.p99) == (1.0, None)
    assert (many.p50, many.p95, many.p99) == (50.0, 95.0, 99.0)


def test_recorded_passes_are_replayed_alone(manuals: Service) -> None:
    items = with_passes(
        lambda text: manuals.models.encoder.encode_queries([text]), ["How heavy is the anchor?"]
    )
    (one,) = items[0].passes
    assert one.tokens == one.places == len(manuals.models.encoder.query_spans("How heavy is the anchor?"))
    with recorded() as again:
        replay(items[0])
    assert [np.array_equal(p.feeds["input_ids"], one.feeds["input_ids"]) for p in again] == [True]
    with recorded() as nothing:
        pass
    assert nothing == []


def test_the_bare_indexes_find_what_the_product_finds(tmp_path: Path) -> None:
    vectors = np.eye(4, dtype=np.float32)
    dense = FaissAlone.flat(vectors)
    dense.write(tmp_path / "faiss")
    assert FaissAlone.read(tmp_path / "faiss").search(vectors[2], 3) == 3
    lexical = TantivyAlone.build(tmp_path / "tantivy", ["The anchors", "A valve", "An anchor and a valve"])
    assert lexical.search("anchor", 10) == 2
    assert lexical.search("anchor valve", 10) == 3


def test_the_bare_graph_finds_the_nearest(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
    FaissAlone.graph(vectors).write(tmp_path / "faiss")
    assert FaissAlone.read(tmp_path / "faiss").search(vectors[0], 10) == 10


def test_the_bare_graph_is_built_like_the_products() -> None:
    """Copied there, as the bare process must not load the product."""
    assert (baseline.LINKS, baseline.BUILD_BREADTH) == (product.LINKS, product.BUILD_BREADTH)
    assert baseline.SEARCH_BREADTH == product.SEARCH_BREADTH


def test_patient_clients_are_all_counted() -> None:
    asked: list[str] = []

    def caller(text: str) -> int:
        asked.append(text)
        time.sleep(0.001)
        return 429 if text == "b" else 200

    load = closed_loop([caller] * 3, ["a", "b"], 0.05)
    assert len(asked) == len(load.answered) + load.refused[429] + 3  # one each to warm up
    assert load.refused[429] > 0
    assert load.rate == pytest.approx(len(load.answered) / load.seconds)


def test_a_late_answer_counts_from_when_it_was_due() -> None:
    """No coordinated omission: of calls that queue behind each other the last waited longest."""
    from threading import Lock

    lock = Lock()

    def caller(_: str) -> int:
        with lock:
            time.sleep(0.02)
        return 200

    load = open_loop(lambda: caller, ["a"], 500, 0.05)
    assert len(load.answered) > 5
    assert max(load.answered) >= 20 * len(load.answered) - 100


def test_a_callers_error_ends_the_load() -> None:
    def caller(_: str) -> int:
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError):
        closed_loop([caller, caller], ["a"], 0.01)


def test_what_an_install_needs_is_found_by_its_metadata() -> None:
    found = closure(["pydantic"])
    assert {"pydantic", "pydantic-core", "annotated-types", "typing-extensions"} <= set(found)
    assert "email-validator" not in found


def test_filler_reaches_every_size_and_is_searchable(manuals: Service) -> None:
    store = manuals.store
    put_whole(
        store,
        manuals.models.encoder,
        "filled",
        [CorpusDocument("a.txt", "", "The anchor weighs ninety kilograms.")],
    )
    assert fill(store, "filled", 45) == 44
    assert store.collections.get("filled").chunks == 45
    assert fill(store, "filled", 45) == 0
    assert fill(store, "filled", 70) == 25
    assert store.collections.get("filled").chunks == 70
    vector = manuals.models.encoder.encode_queries(["How heavy is the anchor?"])[0].dense
    assert len(manuals.searcher.open("filled").dense(vector, 100)) == 70


def test_filler_needs_something_to_copy(manuals: Service) -> None:
    manuals.store.collections.create("bare")
    with pytest.raises(ValueError, match="no chunk"):
        fill(manuals.store, "bare", 10)


def test_without_data_the_samples_are_copied(tmp_path: Path) -> None:
    found = repeated_samples(tmp_path)
    assert found.folder == tmp_path
    names = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert len(names) == 10 * len(set(names)) > 0


def test_some_files_are_the_same_ones_each_time(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    for number in range(9):
        (source / f"{number % 3}").mkdir(parents=True, exist_ok=True)
        (source / f"{number % 3}" / f"{number}.txt").write_text("text")
    drawn = []
    for turn in ("one", "two"):
        found = sampled_files(source, 4, tmp_path / turn)
        assert found.folder is not None
        drawn.append(sorted(path.relative_to(found.folder) for path in found.folder.rglob("*.txt")))
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 4


def test_queries_are_drawn_from_the_text_and_repeat() -> None:
    texts = ["Short. The longest sentence of this text has more than ten words in it, truly.", "One only"]
    found = queries_from(texts)
    assert set(found) == {"The longest sentence of this text has more than ten", "One only"}
    assert found == queries_from(texts)


def test_tables_show_the_range_of_the_ratio() -> None:
    told = markdown(_results({"dense": (1.0, 1.5, 1.25)}))
    assert "1.25 | 1.00–1.50" in told


def test_peak_memory_of_this_process() -> None:
    found = peak_memory_mb()
    assert found is None or found > 10
