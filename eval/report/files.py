"""The files of a finished run: report.json, report.md, report.html, and dataset.jsonl for RAGAS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eval.cases import Case
from eval.cases.case import with_ids
from eval.report.html import to_html
from eval.report.json import from_json, to_json
from eval.report.markdown import to_markdown
from eval.runs.compare import Comparison
from eval.runs.journal import REPORT
from eval.runs.record import Run
from eval.runs.score import to_sample
from rag.errors import NotFound
from rag.files import write_whole


def write_run(run: Run, cases: Sequence[Case], folder: Path, comparison: Comparison | None = None) -> None:
    """Write a run into `folder`, each file whole or not at all; report.json comes last and ends the run."""
    folder.mkdir(parents=True, exist_ok=True)
    write_dataset(run, cases, folder / "dataset.jsonl")
    write_whole(folder / "report.html", to_html(run, comparison))
    write_whole(folder / "report.md", to_markdown(run, comparison))
    write_whole(folder / REPORT, to_json(run, comparison))


def read_run(path: Path) -> Run:
    """The run of a folder or of its report.json. Raises NotFound `run_not_found`, InvalidInput."""
    return from_json(read_report(path))


def read_report(path: Path) -> str:
    """The report.json of a folder, or the file itself. Raises NotFound `run_not_found`."""
    file = path / REPORT if path.is_dir() else path
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"There is no finished run at {path}.", code="run_not_found") from error


def write_dataset(run: Run, cases: Sequence[Case], path: Path) -> None:
    """The answers as RAGAS' EvaluationDataset.to_jsonl lays them out, to be scored with other metrics."""
    by_id = {case.id: case for case in with_ids(cases)}
    samples = (to_sample(row, by_id[row.id]) for row in run.rows)
    write_whole(path, "".join(sample.model_dump_json(exclude_none=True) + "\n" for sample in samples))
