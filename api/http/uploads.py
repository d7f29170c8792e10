"""From a request to named contents: multipart files or JSON texts, with names that can do no harm."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.http.limits import MAX_FILES
from api.http.schemas.documents import NewTexts
from ingest.types import Upload
from rag.errors import InvalidInput

MAX_SOURCE = 1024


async def read_uploads(request: Request) -> list[Upload]:
    """What the body holds. Raises InvalidInput, RequestValidationError, or HTTPException 400, 413 or 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=MAX_FILES, max_fields=16) as form:
            uploads = await _from_form(form)
    elif kind == "application/json":
        uploads = _from_json(await request.body())
    else:
        raise HTTPException(
            415, "Send multipart/form-data with `files`, or application/json with `documents`."
        )
    return distinct(uploads)


async def _from_form(form: FormData) -> list[Upload]:
    files = [value for value in form.getlist("files") if isinstance(value, UploadFile)]
    if not files:
        raise _invalid_field("files", "The form has no file in its field `files`.")
    return [
        Upload(file_name(file.filename or ""), await file.read(), _media_type(file.content_type))
        for file in files
    ]


def _from_json(body: bytes) -> list[Upload]:
    try:
        texts = NewTexts.model_validate_json(body)
    except ValidationError as error:
        # the shape that FastAPI gives to bodies that it reads itself
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in error.errors()]) from None
    return [
        Upload(source_name(t.source), t.text.encode("utf-8", "replace"), t.media_type, t.title, t.metadata)
        for t in texts.documents
    ]


def _media_type(declared: str | None) -> str:
    """The declared type; one that says nothing counts as none, so that ingest looks for itself."""
    kind = (declared or "").partition(";")[0].strip().lower()
    return "" if kind == "application/octet-stream" else kind


def file_name(name: str) -> str:
    """A file's name as a source: a relative POSIX path. Raises InvalidInput (`invalid_filename`)."""
    path = source_name(name.replace("\\", "/"))
    if path.startswith("/") or ":" in path.partition("/")[0]:
        raise _invalid_name(name, "must be relative")
    return path


def source_name(name: str) -> str:
    """A source's name in Unicode's composed form. Raises InvalidInput (`invalid_filename`)."""
    source = unicodedata.normalize("NFC", name).strip()
    if not source or len(source) > MAX_SOURCE:
        raise _invalid_name(source[:40], f"must have 1 to {MAX_SOURCE} characters")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in source):
        raise _invalid_name(source, "holds a control character")
    if any(part in (".", "..") for part in source.split("/")):
        raise _invalid_name(source, "must not climb out of its folder")
    return source


def distinct(uploads: Sequence[Upload]) -> list[Upload]:
    """The same, once no two share a name. Raises InvalidInput (`duplicate_source`)."""
    seen: set[str] = set()
    for upload in uploads:
        if upload.source in seen:
            message = (
                f"Two documents of this request are named {json.dumps(upload.source, ensure_ascii=False)}."
            )
            raise InvalidInput(message, code="duplicate_source", details={"source": upload.source})
        seen.add(upload.source)
    return list(uploads)


def _invalid_name(name: str, complaint: str) -> InvalidInput:
    shown = json.dumps(name)
    return InvalidInput(f"The name {shown} {complaint}.", code="invalid_filename", details={"name": shown})


def _invalid_field(field: str, message: str) -> RequestValidationError:
    return RequestValidationError(
        [{"type": "missing", "loc": ("body", field), "msg": message, "input": None}]
    )
