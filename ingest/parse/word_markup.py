"""Word's markup made plain: what a reader sees of a story, as runs in paragraphs and cells in rows.

A story is a body, a header or a footer. python-docx, and unstructured on top of it, read the runs and links
that stand in a paragraph and the cells that stand in a row, and pass over what is wrapped in anything else:
insertions, content controls, fields, smart tags (ECMA-376 part 1, 17.5, 17.13, 17.16). So wrappers are taken
off here, deletions and hidden text out, and merged cells are given the places that they cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lxml import etree

from ingest.parse.ooxml import choose, letters
from ingest.parse.word_symbols import symbol

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_W = f"{{{_WORD}}}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SYMBOL_EX = "{http://schemas.microsoft.com/office/word/2015/wordml/symex}symEx"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_P, _R, _T, _TBL, _TR, _TC = (_W + name for name in ("p", "r", "t", "tbl", "tr", "tc"))
_WRAPPERS = tuple(
    _W + name
    for name in ("ins", "moveTo", "sdt", "sdtContent", "smartTag", "fldSimple", "customXml", "dir", "bdo")
)
_OF_WRAPPERS = tuple(_W + name for name in ("sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr", "fldData"))
_DELETIONS = (_W + "del", _W + "moveFrom")
_MARKS = (_W + "rPr", _W + "trPr")  # a deletion in these is that of the paragraph's end, or of the row
# What a paragraph, a row or a table was before a tracked change of its properties.
_FORMER = tuple(
    _W + f"{name}Change"
    for name in ("pPr", "rPr", "tblPr", "tblPrEx", "tblGrid", "trPr", "tcPr", "sectPr", "numbering")
)
_OFF = ("0", "false", "off")
_MOST_COLUMNS = 63  # Word's own limit; a file may claim millions
_BOXES = {True: "☒", False: "☐"}


def hidden_styles(styles: etree._Element) -> frozenset[str]:
    """The ids of the styles whose text is hidden, by themselves or by what they are based on."""
    own, parents = dict[str, bool](), dict[str, str]()
    for style in styles.iter(_W + "style"):
        name = style.get(_W + "styleId", "")
        if (mark := style.find(f"{_W}rPr/{_W}vanish")) is not None:
            own[name] = _is_on(mark)
        parents[name] = _value(style.find(_W + "basedOn"))

    def is_hidden(name: str) -> bool:
        seen = set[str]()
        while name in parents and name not in seen and name not in own:
            seen.add(name)
            name = parents[name]
        return own.get(name, False)

    return frozenset(name for name in parents if is_hidden(name))


def notes_of(body: etree._Element, notes: Sequence[etree._Element]) -> None:
    """Put footnotes and endnotes behind the last paragraph; those with a type only part them from it."""
    story = body.find(_W + "body")
    for note in (each for part in notes for each in part):
        if note.get(_W + "type") is None:
            last = story.find(_W + "sectPr")
            at = len(story) if last is None else story.index(last)
            story[at:at] = list(note)


def make_plain(story: etree._Element, hidden: frozenset[str]) -> None:
    """Change a story so that its paragraphs hold runs and links, and its rows cells; `hidden` are styles."""
    choose(story, _SYMBOL_EX)
    _remove(_all(story, *_FORMER))
    _remove_deletions(story)
    _show_form_fields(story)
    _remove_instructions(story)
    _remove_hidden(story, hidden)
    _remove(_all(story, *_OF_WRAPPERS))
    for wrapper in _all(story, *_WRAPPERS):
        _unwrap(wrapper)
    _join_paragraphs(story)
    _write_symbols(story)
    _write_readings(story)
    _write_formulas(story)
    for box in _all(story, _W + "txbxContent"):
        _behind_anchor(box)
    for row in _all(story, _TR):
        _spread(row)
    for line_end in story.iter(_W + "br"):
        line_end.attrib.pop(_W + "type", None)  # python-docx reads page and column breaks as nothing
    for link in story.iter(_W + "hyperlink"):
        link.attrib.pop(_RELATION, None)  # notes have addresses of their own, and addresses are not read


def _all(story: etree._Element, *tags: str) -> list[etree._Element]:
    return list(story.iter(*tags))


def _remove(elements: Iterable[etree._Element]) -> None:
    for element in elements:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)


def _unwrap(element: etree._Element) -> None:
    for child in list(element):
        element.addprevious(child)
    element.getparent().remove(element)


def _value(element: etree._Element | None) -> str:
    return "" if element is None else str(element.get(_W + "val", ""))


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and element.get(_W + "val", "true").lower() not in _OFF


def _text_element(text: str) -> etree._Element:
    element = etree.Element(_T)
    element.text = text
    element.set(_SPACE, "preserve")
    return element


def _run(text: str) -> etree._Element:
    run = etree.Element(_R)
    run.append(_text_element(text))
    return run


# tracked changes


def _remove_deletions(story: etree._Element) -> None:
    for row in _all(story, _TR):
        properties = row.find(_W + "trPr")
        if properties is not None and (
            properties.find(_W + "del") is not None or _is_on(properties.find(_W + "hidden"))
        ):
            row.getparent().remove(row)
    for mark in _all(story, _W + "cellDel"):
        cell = next(mark.iterancestors(_TC))
        cell[:] = [etree.Element(_P)]
    _remove(each for each in _all(story, *_DELETIONS) if each.getparent().tag not in _MARKS)


def _join_paragraphs(story: etree._Element) -> None:
    """A paragraph whose end was deleted goes on in the next one, which gives its properties to both."""
    for paragraph in _all(story, _P):
        mark = paragraph.find(f"{_W}pPr/{_W}rPr")
        if mark is None or all(mark.find(tag) is None for tag in _DELETIONS):
            continue
        following = next(paragraph.itersiblings(_P, _TBL), None)
        if following is None or following.tag == _TBL or paragraph.find(f"{_W}pPr/{_W}sectPr") is not None:
            continue
        at = 0 if following.find(_W + "pPr") is None else 1
        following[at:at] = [each for each in paragraph if each.tag != _W + "pPr"]
        paragraph.getparent().remove(paragraph)


# fields, hidden text


@dataclass(slots=True)
class _Field:
    """A complex field that is open; what stands before its separator is an instruction and is not shown."""

    is_instruction: bool = True
    instruction: list[etree._Element] = field(default_factory=list)


def _remove_instructions(story: etree._Element) -> None:
    """Text between a field's begin and its separator; a field that never ends hides nothing."""
    fields: list[_Field] = []
    for element in _all(story, _W + "fldChar", _T):
        kind = element.get(_W + "fldCharType")
        if element.tag == _T:
            outermost = next((each for each in fields if each.is_instruction), None)
            if outermost is not None:
                outermost.instruction.append(element)
        elif kind == "begin":
            fields.append(_Field())
        elif fields and fields[-1].is_instruction:
            _remove(fields[-1].instruction)
            fields[-1].is_instruction = False
        if kind == "end" and fields:
            fields.pop()


def _show_form_fields(story: etree._Element) -> None:
    """What a form's older check boxes and lists show, which is kept in their settings alone."""
    for data in _all(story, _W + "ffData"):
        shown = _form_value(data)
        run = next(data.iterancestors(_R), None)
        if shown and run is not None:
            run.addprevious(_run(shown))


def _form_value(data: etree._Element) -> str:
    box, choices = data.find(_W + "checkBox"), data.find(_W + "ddList")
    if box is not None:
        state = box.find(_W + "checked")
        return _BOXES[_is_on(box.find(_W + "default") if state is None else state)]
    if choices is None:
        return ""
    chosen = _value(choices.find(_W + "result")) or _value(choices.find(_W + "default")) or "0"
    entries = [_value(each) for each in choices.iterfind(_W + "listEntry")]
    return entries[int(chosen)] if chosen.isdigit() and int(chosen) < len(entries) else ""


def _remove_hidden(story: etree._Element, hidden: frozenset[str]) -> None:
    """Runs that are hidden by themselves, else by their own style, else by that of their paragraph."""
    for run in _all(story, _R):
        own = run.find(f"{_W}rPr/{_W}vanish")
        if own is not None:
            is_hidden = _is_on(own)
        elif hidden:
            style = _value(run.find(f"{_W}rPr/{_W}rStyle"))
            paragraph = next(run.iterancestors(_P), None)
            around = "" if paragraph is None else _value(paragraph.find(f"{_W}pPr/{_W}pStyle"))
            is_hidden = style in hidden or around in hidden
        else:
            continue
        if is_hidden:
            run.getparent().remove(run)


# letters


def _write_symbols(story: etree._Element) -> None:
    for mark in _all(story, _W + "sym"):
        text = symbol(mark.get(_W + "font", ""), mark.get(_W + "char", ""))
        mark.getparent().replace(mark, _text_element(text))


def _write_readings(story: etree._Element) -> None:
    """The base of ruby in its place, so that words stay whole; the readings at the end of the paragraph."""
    for paragraph in _all(story, _P):
        readings = []
        for ruby in [
            each for each in paragraph.iter(_W + "ruby") if next(each.iterancestors(_P)) is paragraph
        ]:
            base, reading = (
                "".join(each.text or "" for part in ruby.iterfind(_W + name) for each in part.iter(_T))
                for name in ("rubyBase", "rt")
            )
            ruby.getparent().replace(ruby, _text_element(base))
            readings += [reading] if reading else []
        if readings:
            paragraph.append(_run(f" ({' '.join(readings)})"))


def _write_formulas(story: etree._Element) -> None:
    for formula in _all(story, _M + "oMath"):
        formula.getparent().replace(formula, _run(f" {letters(formula)} "))
    for block in _all(story, _M + "oMathPara"):
        runs = [each for each in block if each.tag == _R]
        if block.getparent().tag == _P:
            block[:] = runs
            _unwrap(block)
        else:
            paragraph = etree.Element(_P)
            paragraph.extend(runs)
            block.getparent().replace(block, paragraph)


# places


def _behind_anchor(box: etree._Element) -> None:
    """The paragraphs of a text box behind the outermost paragraph that holds it."""
    anchors = list(box.iterancestors(_P))
    if not anchors:
        return
    anchor = anchors[-1]
    for block in reversed(list(box)):
        anchor.addnext(block)


def _spread(row: etree._Element) -> None:
    """A cell for every column: a merged one stands first in its place, empty ones in what else it covers."""
    properties = row.find(_W + "trPr")
    skipped = _count(None if properties is None else properties.find(_W + "gridBefore"))
    cells = list(row.iterchildren(_TC))
    if skipped and cells:
        for _ in range(skipped):
            cells[0].addprevious(_empty_cell())
    for cell in cells:
        settings = cell.find(_W + "tcPr")
        if settings is None:
            continue
        merges = [settings.find(_W + name) for name in ("vMerge", "hMerge")]
        span = _count(settings.find(_W + "gridSpan"))
        cell.remove(settings)
        if any(each is not None and _value(each) in ("", "continue") for each in merges):
            cell[:] = [etree.Element(_P)]
        for _ in range(span - 1):
            cell.addnext(_empty_cell())
    if properties is not None:
        row.remove(properties)


def _count(element: etree._Element | None) -> int:
    value = _value(element)
    return min(int(value), _MOST_COLUMNS) if value.isdigit() else 0


def _empty_cell() -> etree._Element:
    cell = etree.Element(_TC)
    cell.append(etree.Element(_P))
    return cell
