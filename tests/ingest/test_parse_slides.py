"""Slides: notes, soft line breaks, groups, merged cells, diagrams; what is hidden is left out and named."""

from __future__ import annotations

import pptx
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.presentation import Presentation
from pptx.slide import Slide
from pptx.util import Inches

from tests.ingest.making import Parse, office_file, shown, with_part

BLANK, TITLED = 6, 5


def slide(show: Presentation, title: str = "") -> Slide:
    made = show.slides.add_slide(show.slide_layouts[TITLED if title else BLANK])
    if title:
        made.shapes.title.text = title
    return made


def box(shapes: object, text: str, top: float, left: float = 1) -> None:
    made = shapes.add_textbox(Inches(left), Inches(top), Inches(4), Inches(1))  # type: ignore[attr-defined]  # a slide's or a group's
    made.text_frame.text = text


def test_speaker_notes_follow_their_slide_and_have_no_heading_of_it(parse: Parse) -> None:
    show = pptx.Presentation()
    first = slide(show, "Bench")
    box(first.shapes, "Oil the rails", 3)
    first.notes_slide.notes_text_frame.text = "It costs 900 crowns.\nSay so."
    slide(show, "Yard").notes_slide.notes_text_frame.text = "Second notes."
    document = parse("x.pptx", office_file(show))
    assert shown(document) == [
        ("heading", 1, "Bench"),
        ("paragraph", None, "Oil the rails"),
        ("paragraph", None, "It costs 900 crowns."),
        ("paragraph", None, "Say so."),
        ("heading", 1, "Yard"),
        ("paragraph", None, "Second notes."),
    ]
    assert [block.page for block in document.blocks] == [1, 1, 1, 1, 2, 2]


def test_soft_line_breaks_part_words(parse: Parse) -> None:
    show = pptx.Presentation()
    made = slide(show, "Ring\vtwice")
    box(made.shapes, "The office is in hall seven.\vIt opens at six in the morning.", 3)
    cells = made.shapes.add_table(1, 2, Inches(1), Inches(5), Inches(4), Inches(1)).table
    cells.cell(0, 0).text, cells.cell(0, 1).text = "Gate\vB", "open"
    assert parse("x.pptx", office_file(show)).text == (
        "Ring twice\n\nThe office is in hall seven.\nIt opens at six in the morning.\n\nGate B | open"
    )


def test_shapes_of_a_group_stay_together_and_none_is_off_the_slide(parse: Parse) -> None:
    show = pptx.Presentation()
    made = slide(show)
    box(made.shapes, "Last of all here.", 6)
    group = made.shapes.add_group_shape()
    box(group.shapes, "First in the group.", 3)
    inner = group.shapes.add_group_shape()
    box(inner.shapes, "Deep in the group.", 5)
    box(made.shapes, "Left of the slide.", -0.5, left=-1)
    text = parse("x.pptx", office_file(show)).text
    assert text.split("\n\n") == [
        "Left of the slide.",
        "First in the group.",
        "Deep in the group.",
        "Last of all here.",
    ]


def test_the_title_comes_first_wherever_it_stands(parse: Parse) -> None:
    show = pptx.Presentation()
    made = slide(show, "Tides")
    made.shapes.title.top = Inches(6)
    box(made.shapes, "They turn at nine in the morning.", 1)
    assert parse("x.pptx", office_file(show)).text == "Tides\n\nThey turn at nine in the morning."


def test_merged_cells_of_tables_stand_once(parse: Parse) -> None:
    show = pptx.Presentation()
    made = slide(show).shapes.add_table(3, 3, Inches(1), Inches(1), Inches(6), Inches(2)).table
    words = iter(["Area", "over", "Sum", "North", "Oslo", "4", "under", "Bergen", "7"])
    for row in made.rows:
        for cell in row.cells:
            cell.text = next(words)
    made.cell(0, 1).text = made.cell(2, 0).text = ""
    made.cell(0, 0).merge(made.cell(0, 1))
    made.cell(1, 0).merge(made.cell(2, 0))
    text = parse("x.pptx", office_file(show)).text
    assert text == "Area |  | Sum\nNorth | Oslo | 4\n | Bergen | 7"


DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
FRAME = """\
<p:graphicFrame xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<p:nvGraphicFramePr><p:cNvPr id="9" name="d"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>
<p:xfrm><a:off x="0" y="9999999"/><a:ext cx="9" cy="9"/></p:xfrm>
<a:graphic><a:graphicData uri="{diagram}"><d:relIds xmlns:d="{diagram}" r:dm="{relation}"/></a:graphicData>
</a:graphic></p:graphicFrame>"""


def test_the_words_of_a_diagram_are_read(parse: Parse) -> None:
    show = pptx.Presentation()
    made = slide(show, "Steps")
    point = "<d:pt{}><d:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></d:t></d:pt>".format
    points = point("", "Drain the oil.") + point(' type="pres"', "Layout") + point("", "Clean the sump.")
    data = (
        f'<d:dataModel xmlns:d="{DIAGRAM}" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        f"<d:ptLst>{points}</d:ptLst></d:dataModel>"
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
    part = Part(PackURI("/ppt/diagrams/data1.xml"), "application/xml", show.part.package, data.encode())
    relation = made.part.relate_to(part, kind)
    made.shapes._spTree.append(parse_xml(FRAME.format(diagram=DIAGRAM, relation=relation)))
    assert parse("x.pptx", office_file(show)).text == "Steps\n\nDrain the oil.\n\nClean the sump."


def test_slide_shows_are_read(parse: Parse) -> None:
    show = pptx.Presentation()
    slide(show, "Tides")
    kind = "openxmlformats-officedocument.presentationml."
    as_show = with_part(office_file(show), "[Content_Types].xml", f"{kind}presentation", f"{kind}slideshow")
    assert parse("x.ppsx", as_show).text == "Tides"


def test_hidden_slides_are_named_and_hidden_shapes_left_out(parse: Parse) -> None:
    show = pptx.Presentation()
    first, second, third = (slide(show, title) for title in ("One", "Two", "Three"))
    second._element.set("show", "0")
    box(second.shapes, "Nobody sees this line.", 3)
    box(third.shapes, "Nor this one.", 3)
    box(third.shapes, "But this one is seen.", 4)
    third.shapes[1]._element.nvSpPr.cNvPr.set("hidden", "1")
    box(first.shapes, "Begin here, please.", 3)
    document = parse("x.pptx", office_file(show))
    assert document.text == "One\n\nBegin here, please.\n\nThree\n\nBut this one is seen."
    assert document.metadata["unread"] == ["slide 2: hidden"]
    assert {page.number for page in document.pages} == {1, 3}
