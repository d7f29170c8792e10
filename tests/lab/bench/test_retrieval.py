"""BEIR folders: reading them, and scoring the real service on one whose nDCG was worked out by hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from math import log2
from pathlib import Path

import pytest

from eval.corpus import CorpusDocument, load_beir
from lab.bench.retrieval import VARIANTS, load_run, main, markdown, rank, score_folder
from lab.bench.service import put_product
from rag.errors import InvalidInput
from rag.service import open_service
from rag.settings import Settings
from rag.types import Query

CORPUS = [
    ("d1", "Zebra", "A zebra grazes alone."),
    ("d2", "", "Cinnamon, cinnamon and cinnamon."),
    ("d3", "Cakes", "A spoon of cinnamon goes into the dough, with butter, flour, sugar and a little salt."),
    ("d4", "Clocks", "The tower clock strikes at noon."),
    ("d5", "", " "),
]
QUERIES = {"q1": "zebra", "q2": "cinnamon", "q3": "xylophone", "unjudged": "noon"}
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t2\nq2\td2\t0\nq3\td4\t1\n"
HAND = (1 + 1 / log2(3) + 0) / 3
"""BM25: q1 finds d1 first; q2 finds d2 (all cinnamon) before d3, which is wanted; q3 finds nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "tiny"
    (root / "qrels").mkdir(parents=True)
    with gzip.open(root / "corpus.jsonl.gz", "wt") as corpus:
        corpus.write("".join(json.dumps({"_id": i, "title": t, "text": x}) + "\n" for i, t, x in CORPUS))
    queries = "".join(json.dumps({"_id": i, "text": x}) + "\n" for i, x in QUERIES.items())
    (root / "queries.jsonl").write_text(queries)
    (root / "qrels" / "test.tsv").write_text(QRELS)
    return root


def test_reading(folder: Path) -> None:
    found = load_beir(folder)
    assert (found.name, found.split) == ("tiny", "test")
    assert found.documents[0] == CorpusDocument("d1", "Zebra", "A zebra grazes alone.")
    assert found.documents[0].full == "Zebra\n\nA zebra grazes alone."
    assert found.queries == {"q1": "zebra", "q2": "cinnamon", "q3": "xylophone"}
    assert found.qrels["q2"] == {"d3": 2, "d2": 0}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("qrels/test.tsv", "q1\td1\n", "line 1"),
        ("qrels/test.tsv", "q1\td1\tyes\n", "line 1"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "judges nothing"),
        ("qrels/test.tsv", "lost\td1\t1\n", "lost"),
        ("queries.jsonl", '{"_id": "q1"}\n', "text is missing"),
        ("queries.jsonl", "{\n", "line 1: not JSON"),
    ],
)
def test_mistakes_name_file_and_line(folder: Path, name: str, content: str, says: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(InvalidInput, match=says) as caught:
        load_beir(folder)
    assert caught.value.code == "beir_invalid"


@pytest.mark.parametrize("name", ["qrels/test.tsv", "queries.jsonl", "corpus.jsonl.gz"])
def test_missing_files_are_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidInput) as caught:
        load_beir(folder)
    assert caught.value.code == "beir_invalid"


def test_ndcg_of_the_real_engine_is_the_one_worked_out_by_hand(folder: Path, settings: Settings) -> None:
    found = score_folder(load_beir(folder), settings, VARIANTS)
    assert (found.documents, found.chunks, found.queries) == (5, 4, 3)
    bm25 = found.variants["bm25"].measures
    assert bm25["nDCG@10"].mean == pytest.approx(HAND)
    assert bm25["RR"].mean == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert bm25["R@100"].mean == pytest.approx(2 / 3)
    for variant in VARIANTS:
        assert found.variants[variant].measures["nDCG@10"].n == 3, "no query is dropped"
        assert found.variants[variant].measures["nDCG@10"].mean > 0
    assert found.variants["rrf"].against_baseline is None
    against = found.variants["bm25"].against_baseline
    assert against is not None
    expected = bm25["nDCG@10"].mean - found.variants["rrf"].measures["nDCG@10"].mean
    assert against.mean == pytest.approx(expected)
    assert f"| {bm25['nDCG@10'].mean:.3f} |" in markdown([found], VARIANTS)


def test_the_command_writes_json(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scores.json"
    assert main([str(folder), "--variants", "bm25", "convex", "--out", str(out)]) == 0
    written = json.loads(out.read_text())
    assert written["folders"][0]["variants"]["bm25"]["measures"]["nDCG@10"]["mean"] == pytest.approx(HAND)
    assert written["machine"]["cores"] >= 1
    assert "convex" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nowhere"], ["nowhere", "--variants", "magic"]])
def test_the_command_names_what_is_wrong(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert "error:" in capsys.readouterr().err


def test_a_run_bounds_what_is_ranked(folder: Path, tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "first.trec"
    path.write_text("q1 Q0 d1 2 0.5 x\nq1 Q0 d4 1 0.9 x\nq2 Q0 d3 1 1 x\nq3 Q0 d4 1 1 x\nq3 Q0 d1 2 0 x\n")
    run = load_run(path, 100)
    assert list(run["q1"].items()) == [("d4", 0.9), ("d1", 0.5)]
    assert list(load_run(path, 1)["q1"]) == ["d4"]
    found = score_folder(load_beir(folder), settings, list(VARIANTS), run=run).variants
    scores = {name: one.measures["nDCG@10"].mean for name, one in found.items()}
    # the run has q1's right document second and no wrong one for q2, whatever our own lexical search says
    assert scores["bm25"] == pytest.approx((1 / log2(3) + 1 + 1) / 3)
    assert scores["dense"] >= (1 + 1 + 1 / log2(3)) / 3
    assert min(scores.values()) >= (1 / log2(3) + 1 + 1 / log2(3)) / 3


@pytest.mark.parametrize(
    ("content", "says"),
    [("q1 Q0 d1 one 0.5 x\n", "line 1"), ("q1 d1\n", "line 1"), ("q1 Q0 d1 1 1 x\n", "q2")],
)
def test_a_bad_run_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, says: str
) -> None:
    path = tmp_path / "first.trec"
    path.write_text(content)
    assert main([str(folder), "--run", str(path)]) == 1
    error = capsys.readouterr().err
    assert says in error
    assert "run_invalid" in error


def test_as_a_user_would_upload_it(folder: Path, settings: Settings) -> None:
    """Through a running service and its worker; a document stands where its best chunk does."""
    documents = load_beir(folder).documents
    put_product(settings.data, "uploads", documents)
    with open_service(settings) as service:
        assert service.store.collections.get("uploads").documents == 4
        assert rank("bm25", service, Query("cinnamon", "uploads", 10))[0] in ("d2", "d3")
        assert rank("convex", service, Query("striped horse", "uploads", 10))[0] == "d1"
