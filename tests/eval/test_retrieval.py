"""Search on a live collection, scored against cases and BEIR folders."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest

from eval.retrieval import Judged, judged_of, score_retrieval
from rag.errors import InvalidInput, NotFound
from rag.service import Service
from tests.cli.commands import invoke

QUERIES = (
    Judged("q1", "working pressure of the bilge pump", {"pump.txt": 1}, "fact"),
    Judged("q2", "what are mooring ropes made of", {"rope": 1}, "fact"),
    Judged("q3", "bilge pump filter", {"gone.txt": 1, "pump.txt": 1}),
)


def folder_of(path: Path) -> Path:
    (path / "qrels").mkdir(parents=True)
    rows = [{"_id": "d1", "text": "Zebras have stripes."}, {"_id": "d2", "text": "Cinnamon is a spice."}]
    (path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (path / "queries.jsonl").write_text('{"_id": "q", "text": "cinnamon spice"}\n')
    (path / "qrels" / "test.tsv").write_text("q\td2\t2\nq\td1\t0\n")
    return path


def test_a_source_is_known_with_and_without_its_ending_and_a_missing_one_counts(manuals: Service) -> None:
    seen: list[tuple[int, int]] = []
    found = score_retrieval(manuals, "manuals", QUERIES, progress=lambda *at: seen.append(at))
    assert (found.queries, found.absent) == (3, 1)
    assert found.measures["RR"].mean == 1
    assert found.measures["R@10"].mean == pytest.approx((1 + 1 + 0.5) / 3)
    assert found.measures["nDCG@10"].mean == pytest.approx((1 + 1 + 1 / (1 + 1 / log2(3))) / 3)
    assert found.types["fact"]["R@10"].mean == 1
    assert found.types["fact"]["R@10"].n == 2
    assert seen[-1] == (3, 3)


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_each_mode(manuals: Service, mode: str) -> None:
    found = score_retrieval(manuals, "manuals", QUERIES, mode, rerank=False, measures=["P@1"])  # type: ignore[arg-type]
    assert list(found.measures) == ["P@1"]
    assert found.measures["P@1"].mean == 1


def test_what_cannot_be_scored_is_named(manuals: Service, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        score_retrieval(manuals, "nowhere", QUERIES)
    with pytest.raises(InvalidInput) as unknown:
        score_retrieval(manuals, "manuals", [Judged("q", "x", {"elsewhere.md": 1})])
    assert unknown.value.code == "sources_unknown"
    with pytest.raises(InvalidInput) as measure:
        score_retrieval(manuals, "manuals", QUERIES, measures=["magic"])
    assert measure.value.code == "unknown_measure"
    (tmp_path / "c.jsonl").write_text('{"question": "a"}\n')
    with pytest.raises(InvalidInput) as sources:
        judged_of(tmp_path / "c.jsonl")
    assert sources.value.code == "cases_without_sources"


def test_cases_without_sources_are_counted(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"question": "a"}\n{"question": "b", "source": "x.md", "id": "1"}\n')
    judged, left_out = judged_of(tmp_path / "c.jsonl")
    assert judged == [Judged("1", "b", {"x.md": 1})]
    assert left_out == 1


def test_a_beir_folder_from_the_command_line(tmp_path: Path) -> None:
    """Without a collection on a store of its own, which leaves nothing behind; grades are kept."""
    folder = folder_of(tmp_path / "spices")
    assert judged_of(folder)[0] == [Judged("q", "cinnamon spice", {"d2": 2, "d1": 0})]
    out = tmp_path / "scores.json"
    done = invoke("eval", "retrieval", str(folder), "--out", str(out), "--data", str(tmp_path / "data"))
    assert done.status == 0, done.err
    assert "1 queries on spices" in done.out
    assert json.loads(out.read_text())["measures"]["nDCG@10"]["mean"] == 1
    assert not (tmp_path / "data").exists()


def test_cases_need_a_collection(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"question": "b", "source": "x.md"}\n')
    done = invoke("eval", "retrieval", str(tmp_path / "c.jsonl"))
    assert done.status == 1
    assert "collection_missing" in done.err
