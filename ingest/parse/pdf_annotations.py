"""What stands on a PDF page without being part of it: the values of form fields, and text in annotations."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parse.pdf_layout import Line

_HIDDEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_INVISIBLE | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13  # flag of a text field whose value is not shown
_CHOICES = (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_MOST = 5000  # annotations of a page
_SAYS_NOTHING = ("on", "1", "true")  # states of a box that only mean that it is ticked


@dataclass(frozen=True, slots=True)
class Note:
    """Text and the edges of the box that it stands in, in points."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def notes(page: pypdfium2.PdfPage, form: pypdfium2.PdfFormEnv | None) -> list[Note]:
    """The values of the page's fields and its free texts, as far as they are shown."""
    count = min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)
    return [note for index in range(count) if (note := _note(page, index, form)) is not None]


def with_notes(lines: Sequence[Line], found: Sequence[Note], text_page: pypdfium2.PdfTextPage) -> list[Line]:
    """The lines with each note where it is seen: in its line behind what is left of it, else as a line."""
    placed = list(lines)
    for note in sorted(found, key=lambda each: (-each.top, each.left)):
        beside = [at for at, line in enumerate(placed) if _is_beside(line, note)]
        if beside:
            at = max(beside, key=lambda index: placed[index].left)
            placed[at] = _with_note(placed[at], note, text_page)
        else:
            at = next((index for index, line in enumerate(placed) if line.base < note.bottom), len(placed))
            placed[at:at] = _lines(note)
    return placed


def _note(page: pypdfium2.PdfPage, index: int, form: pypdfium2.PdfFormEnv | None) -> Note | None:
    annotation = pdfium.FPDFPage_GetAnnot(page, index)
    if not annotation:
        return None
    try:
        if pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
            return None
        kind = pdfium.FPDFAnnot_GetSubtype(annotation)
        text = ""
        if kind == pdfium.FPDF_ANNOT_FREETEXT:
            text = _string(partial(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents"))
        elif kind == pdfium.FPDF_ANNOT_WIDGET and form is not None:
            text = _value(form, annotation)
        box = pdfium.FS_RECTF()
        if not text.strip() or not pdfium.FPDFAnnot_GetRect(annotation, box):
            return None
        text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
        levels, sides = sorted((box.bottom, box.top)), sorted((box.left, box.right))
        return Note(text, sides[0], levels[0], sides[1], levels[1])
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)


def _value(form: pypdfium2.PdfFormEnv, annotation: pdfium.FPDF_ANNOTATION) -> str:
    """What a field shows: its text, the label of what was chosen, whether a box is ticked."""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind == pdfium.FPDF_FORMFIELD_CHECKBOX:
        return _ticked(form, annotation) or "no"
    if kind == pdfium.FPDF_FORMFIELD_RADIOBUTTON:
        return _ticked(form, annotation)
    if kind in _CHOICES and (chosen := _chosen(form, annotation)):
        return chosen
    flags = pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation)
    shown = kind in _CHOICES or (kind == pdfium.FPDF_FORMFIELD_TEXTFIELD and not flags & _PASSWORD)
    return _string(partial(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)) if shown else ""


def _ticked(form: pypdfium2.PdfFormEnv, annotation: pdfium.FPDF_ANNOTATION) -> str:
    if not pdfium.FPDFAnnot_IsChecked(form, annotation):
        return ""
    state = _string(partial(pdfium.FPDFAnnot_GetFormFieldExportValue, form, annotation))
    state = state.strip()
    return "yes" if not state or state.lower() in (*_SAYS_NOTHING, "yes") else state


def _chosen(form: pypdfium2.PdfFormEnv, annotation: pdfium.FPDF_ANNOTATION) -> str:
    count = min(max(pdfium.FPDFAnnot_GetOptionCount(form, annotation), 0), _MOST)
    labels = (
        _string(partial(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, index))
        for index in range(count)
        if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, index)
    )
    return ", ".join(labels)


def _string(read: Callable[[object, int], int]) -> str:
    """What a function of pdfium writes: it tells the bytes that it needs, then fills them with UTF-16."""
    size = read(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    read(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _is_beside(line: Line, note: Note) -> bool:
    """Whether a line begins left of the note, on its first line's height."""
    middle = line.base + line.size / 2
    return line.left < note.right and max(note.bottom, note.top - 2 * line.size) - 2 <= middle <= note.top + 2


def _with_note(line: Line, note: Note, text_page: pypdfium2.PdfTextPage) -> Line:
    """The line with the note behind the text that stands left of it."""
    left = text_page.get_text_bounded(line.left - 1, line.base, note.left + 1, line.base + line.size)
    before = " ".join(left.split())
    text = " ".join(note.text.split())
    at = len(before) if line.text.startswith(before) and before else len(line.text)
    parts = (line.text[:at].rstrip(), text, line.text[at:].lstrip())
    return replace(line, text=" ".join(filter(None, parts)), filled=True)


def _lines(note: Note) -> Iterator[Line]:
    rows = [row for row in note.text.split("\n") if row.strip()]
    size = min(12.0, (note.top - note.bottom) / max(1, len(rows)))
    for number, row in enumerate(rows):
        base = note.top - size * (number + 1)
        yield Line(" ".join(row.split()), round(size, 1), base, base, False, note.left, True)
