"""`footnote eval run`, `repeat` and `compare`, with their exit statuses."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.commands import Result, invoke

pytestmark = pytest.mark.skipif(find_spec("ragas") is None, reason="needs the extra eval")

CASES = [
    {"question": "What pressure is the pump rated for?", "reference": "16 bar", "source": "manuals/pump.md"},
    {"question": "How much oil does the gearbox take?", "reference": "4 litres", "source": "manuals/pump.md"},
    {"question": "When is lunch served?", "reference": "between noon and two", "source": "lunch.txt"},
    {"question": "What is there on Fridays?", "reference": "soup", "source": "lunch.txt"},
]
METRICS = ("-m", "string_present", "-m", "id_based_context_recall", "-m", "context_relevance")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cases") / "cases.jsonl"
    lines = [{**case, "question": case["question"] + " " * n} for n in range(3) for case in CASES]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


@pytest.fixture(scope="module")
def before(filled: tuple[Path, Result], cases: Path) -> Path:
    """A finished run."""
    out = cases.parent / "before"
    found = run(filled[0], cases, out)
    assert found.status == 0, found.err
    assert "string_present" in found.out
    return out


def run(data: Path, cases: Path, out: Path, *options: str) -> Result:
    return invoke(
        "eval", "run", str(cases), "-c", "works", "--data", str(data), "--out", str(out), *METRICS, *options
    )


def test_a_run_leaves_its_files(before: Path) -> None:
    names = {path.name for path in before.iterdir() if not path.name.startswith(".")}
    reports = {"report.html", "report.md", "report.json", "dataset.jsonl"}
    assert names == {*reports, "run.json", "cases.jsonl", "rows.jsonl"}


def test_a_run_and_its_repetition_are_the_same(before: Path, filled: tuple[Path, Result]) -> None:
    out = before.parent / "again"
    repeated = invoke("eval", "repeat", str(before / "run.json"), "--data", str(filled[0]), "--out", str(out))
    assert repeated.status == 0, repeated.err
    compared = invoke("eval", "compare", str(before), str(out))
    assert compared.status == 0
    assert "same setup" in compared.out
    assert "worse" not in compared.out
    assert "Largest changes" not in compared.out, "the same models give the same answers, to the last digit"


def test_a_planted_loss_ends_with_status_1(before: Path, filled: tuple[Path, Result]) -> None:
    out = before.parent / "strict"
    planted = ("--set", "answer_threshold=1")  # so that it abstains from everything
    worse = invoke("eval", "repeat", str(before), "--data", str(filled[0]), "--out", str(out), *planted)
    assert worse.status == 1, worse.out
    compared = invoke("eval", "compare", str(before), str(out), "--json")
    assert compared.status == 1
    found = compared.json()
    assert found["altered"] == ["settings.answer_threshold: None → 1.0"]
    unchanged = {"id_based_context_recall": "same", "context_relevance": "same"}
    verdicts = {one["metric"]: one["outcome"] for one in found["differences"] if one["slice"] is None}
    assert verdicts == {"answered": "worse", "string_present": "worse", **unchanged}
    page = before.parent / "against.html"
    assert invoke("eval", "compare", str(out), str(before), "--html", str(page)).status == 0
    assert "string_present" in page.read_text()


def test_gates_end_with_status_1(
    before: Path, filled: tuple[Path, Result], cases: Path, tmp_path: Path
) -> None:
    gate = ("--fail-under", "string_present=1.1")
    below = run(filled[0], cases, tmp_path / "a", *gate)
    assert (below.status, "must reach 1.1" in below.err) == (1, True)
    assert run(filled[0], cases, tmp_path / "b", "--fail-under", "string_present=0").status == 0
    assert invoke("eval", "compare", str(before), str(before), *gate).status == 1
    for wrong in ("string_present", "accuracy=0.5"):
        refused = run(filled[0], cases, tmp_path / "c", "--fail-under", wrong)
        assert (refused.status, "invalid_gate" in refused.err) == (1, True), "refused before it asks"
    assert not (tmp_path / "c").exists()


def test_a_baseline_is_compared_with(
    before: Path, filled: tuple[Path, Result], cases: Path, tmp_path: Path
) -> None:
    fine = run(filled[0], cases, tmp_path / "a", "--baseline", str(before))
    assert fine.status == 0, fine.err
    worse = run(filled[0], cases, tmp_path / "b", "--baseline", str(before), "--set", "answer_threshold=1")
    assert worse.status == 1


def test_the_cost_limit_ends_with_status_1(filled: tuple[Path, Result], cases: Path, tmp_path: Path) -> None:
    stopped = run(filled[0], cases, tmp_path / "out", "--max-cost", "0")
    assert stopped.status == 1
    assert "stopped after 0 of 12 questions" in stopped.err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--set", "reader_candidates"), "invalid_setting"),
        (("--set", "no_such_thing=1"), "invalid_setting"),
        (("--set", "reader_candidates=-1"), "invalid_setting"),
        (("--baseline", "nowhere"), "run_not_found"),
    ],
)
def test_mistakes_have_codes(
    filled: tuple[Path, Result], cases: Path, tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    refused = run(filled[0], cases, tmp_path / "out", *options)
    assert refused.status == 1
    assert code in refused.err
    assert not (tmp_path / "out").exists()
