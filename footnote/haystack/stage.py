"""A user's Haystack pipeline between our retriever and our answerer: the setting `pipeline = "my.yaml"`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import yaml
from haystack import Document, Pipeline
from haystack.core.errors import PipelineRuntimeError

from footnote.haystack.convert import to_documents, to_hits
from rag.answer.ask import Ask, Between
from rag.errors import InvalidInput, RagError
from rag.types import Hit


def load_stage(path: Path | str) -> Between:
    """The pipeline in a YAML file as a step of our answering path.

    It is given `query` (the question) and `documents` (our passages, best first) wherever its components have
    such an input open, and has to leave exactly one output `documents` open: the passages to answer from. It
    may reorder, drop and shorten them, and add others. The file's components are trusted, since whoever may
    write the settings may run code here; modules that lie beside the file are found.

    Raises InvalidInput `pipeline_invalid` for a file that cannot be read or is no such pipeline. The step
    raises RagError `pipeline_failed` when a component fails.
    """
    file = Path(path)
    pipeline = _read(file)
    inputs, output = _inputs(pipeline, file), _output(pipeline, file)

    def between(ask: Ask, hits: Sequence[Hit]) -> list[Hit]:
        given: dict[str, object] = {"query": ask.question, "documents": to_documents(hits)}
        data = {name: {key: given[key] for key in keys} for name, keys in inputs.items()}
        return _as_hits(_run(pipeline, data, file)[output]["documents"], hits)

    return between


def _read(file: Path) -> Pipeline:
    try:
        text = file.read_text()
        values = yaml.safe_load(text)
        modules = [one["type"].rpartition(".")[0] for one in values["components"].values()]
        with _beside(file):
            return Pipeline.loads(text, allowed_modules=modules)
    except Exception as error:  # whatever a file of anyone's makes Haystack and its components raise
        raise _invalid(file, str(error) or type(error).__name__) from error


@contextmanager
def _beside(file: Path) -> Iterator[None]:
    """Modules in the file's folder can be imported, those that are installed first."""
    folder = str(file.resolve().parent)
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _inputs(pipeline: Pipeline, file: Path) -> dict[str, list[str]]:
    """Which of our two values each component takes; raises InvalidInput where none takes the documents."""
    opened = {
        name: [key for key in sockets if key in ("query", "documents")]
        for name, sockets in pipeline.inputs().items()
    }
    if not any("documents" in keys for keys in opened.values()):
        raise _invalid(file, "no component takes `documents`")
    return {name: keys for name, keys in opened.items() if keys}


def _output(pipeline: Pipeline, file: Path) -> str:
    giving = [name for name, sockets in pipeline.outputs().items() if "documents" in sockets]
    if len(giving) != 1:
        raise _invalid(file, f"one open output `documents` is needed, and there are {len(giving)}")
    return str(giving[0])


def _run(
    pipeline: Pipeline, data: dict[str, dict[str, object]], file: Path
) -> dict[str, dict[str, list[Document]]]:
    try:
        result: dict[str, dict[str, list[Document]]] = pipeline.run(data)
    except PipelineRuntimeError as error:
        if isinstance(error.__cause__, RagError):
            raise error.__cause__ from None
        raise RagError(f"The pipeline {file.name} failed: {error}", code="pipeline_failed") from error
    return result


def _as_hits(documents: Sequence[Document], before: Sequence[Hit]) -> list[Hit]:
    """The hits that the documents stand for, with their new scores; new ones for documents of the user's."""
    known = {hit.chunk.id: hit for hit in before}
    return [
        _same(known[document.id], document) if document.id in known else to_hits([document])[0]
        for document in documents
    ]


def _same(hit: Hit, document: Document) -> Hit:
    """Our hit; of a text that was shortened the part that is left, so that offsets still hold."""
    text, scored = document.content or "", replace(hit, score=document.score or 0.0)
    if text == hit.chunk.text:
        return scored
    place = hit.chunk.text.find(text)
    start = hit.chunk.start + max(place, 0)
    return replace(scored, chunk=replace(hit.chunk, start=start, end=start + len(text), text=text))


def _invalid(file: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{file} is no pipeline to run before an answer: {why}.", code="pipeline_invalid")
