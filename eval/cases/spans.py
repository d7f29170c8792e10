"""Questions with the exact spans of their evidence, as `lab.bench.chunking` takes them (Chroma 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eval.cases import fields
from eval.cases.case import Case, invalid
from eval.cases.rows import Row


def is_spans(row: fields.Fields) -> bool:
    """Whether this is a question on a corpus with evidence in it."""
    found = row.get("references")
    return isinstance(found, list) and bool(found) and all(_is_span(one) for one in found)


def parse(row: Row, folder: Path) -> Case:
    """A case whose contexts are the evidence. Its source is the corpus' file beside the questions
    (`CORPUS.md`), else the corpus' name. There is no reference: evidence is not an answer.
    """
    found = fields.fields_of(row.value, row.where)
    corpus = fields.text(found, "corpus", row.where)
    if corpus is None or not is_spans(found):
        raise invalid(f"{row.where}: a corpus and references with content and start_index are needed.")
    references = found["references"]
    assert isinstance(references, list)  # is_spans has looked
    name = f"{corpus}.md" if (folder / f"{corpus}.md").is_file() else corpus
    return Case(
        question=fields.question(found, "question", row.where),
        relevant_sources=(name,),
        contexts=tuple(str(one["content"]) for one in references),
        id=fields.label(found, "id", row.where),
        type=fields.label(found, "type", row.where),
    )


def _is_span(one: object) -> bool:
    return isinstance(one, Mapping) and isinstance(one.get("content"), str) and "start_index" in one
