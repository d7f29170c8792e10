"""Cases of a file or folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eval.cases.case import Case, Question, with_ids
from eval.cases.formats import Layout, layout_of, question_of, unpacked
from eval.cases.rows import read_rows
from eval.corpus import load_beir
from rag.errors import InvalidInput, NotFound


def read_cases(path: Path, layout: Layout | None = None) -> list[Case]:
    """Cases of a file (JSON, JSON Lines or CSV, maybe gzipped) or of a folder in BEIR's layout, each with an
    id.

    Without `layout` it is told by the content. In CSV the first line names the columns; a cell of
    `relevant_sources` holds a JSON list or names parted by `|`, a cell of `contexts` a JSON list or one
    passage; an empty cell means not known. Raises NotFound `cases_not_found`, InvalidInput
    `cases_unsupported`, `cases_invalid` (with the line), `cases_duplicate_id`, `cases_empty`,
    `beir_invalid`.
    """
    return [one.case for one in read_questions(path, layout)]


def read_questions(path: Path, layout: Layout | None = None) -> list[Question]:
    """As `read_cases`, with every right answer where a layout gives several."""
    if path.is_dir():
        return _of_folder(path, layout)
    if not path.is_file():
        raise NotFound(f"There is no file of cases at {path}.", code="cases_not_found")
    if layout == "beir":
        raise InvalidInput(f"{path} is a file; BEIR's layout is a folder.", code="cases_unsupported")
    rows = unpacked(read_rows(path))
    if not rows:
        raise InvalidInput(f"{path} holds no case.", code="cases_empty")
    chosen = layout or layout_of(rows)
    found = [question_of(row, chosen, path) for row in rows]
    named = with_ids([one.case for one in found], [row.where for row in rows])
    return [replace(one, case=case) for one, case in zip(found, named, strict=True)]


def _of_folder(path: Path, layout: Layout | None) -> list[Question]:
    """Judged queries as cases: relevant is every document of a grade above 0, whatever the grade."""
    if layout not in (None, "beir"):
        raise InvalidInput(f"{path} is a folder, which only BEIR's layout is.", code="cases_unsupported")
    folder = load_beir(path)
    relevant = {
        query: tuple(source for source, grade in grades.items() if grade > 0) or None
        for query, grades in folder.qrels.items()
    }
    found = folder.queries.items()
    return [Question(Case(text, relevant_sources=relevant[query], id=query), ()) for query, text in found]
