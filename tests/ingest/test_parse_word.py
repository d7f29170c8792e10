"""Word files say what a reader sees: wrappers are taken off, deletions and hidden text are left out."""

from __future__ import annotations

import docx
import pytest

from tests.ingest.making import Parse, office_file, shown, with_part

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BODY = "word/document.xml"
BY = 'w:id="1" w:author="A" w:date="2026-01-01T00:00:00Z"'


def run(text: str, properties: str = "") -> str:
    made = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{made}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*content: str, properties: str = "") -> str:
    made = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    return f"<w:p>{made}{''.join(content)}</w:p>"


def control(content: str) -> str:
    return f"<w:sdt><w:sdtPr/><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def cell(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(run(content)) if content else '<w:p/>'}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def word(*blocks: str) -> bytes:
    """A Word file with these blocks for its body."""
    document = docx.Document()
    document.add_paragraph("MARK")
    return with_part(office_file(document), BODY, "<w:p><w:r><w:t>MARK</w:t></w:r></w:p>", "".join(blocks))


def complex_field(instruction: str, result: str) -> str:
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    return mark("begin") + instruction + mark("separate") + result + mark("end")


INLINE = {
    "inserted": (run("due in ") + f"<w:ins {BY}>{run('45')}</w:ins>" + run(" days"), "due in 45 days"),
    "inserted in a link": (
        f'<w:hyperlink w:anchor="x">{run("see ")}<w:ins {BY}>{run("page 9")}</w:ins></w:hyperlink>',
        "see page 9",
    ),
    "deleted": (run("due") + f"<w:del {BY}><w:r><w:delText> never</w:delText></w:r></w:del>", "due"),
    "inserted and deleted": (
        run("due") + f"<w:ins {BY}><w:del {BY}><w:r><w:delText> soon</w:delText></w:r></w:del></w:ins>",
        "due",
    ),
    "moved to": (f"<w:moveTo {BY}>{run('Goods stay ours.')}</w:moveTo>", "Goods stay ours."),
    "moved from": (run("Kept.") + f"<w:moveFrom {BY}>{run('Goods stay ours.')}</w:moveFrom>", "Kept."),
    "control": (run("Serial ") + control(run("QX-4471")) + run(" here"), "Serial QX-4471 here"),
    "control in a control": (run("Oil ") + control(control(run("VG 46"))), "Oil VG 46"),
    "control of an insertion": (control(f"<w:ins {BY}>{run('in force')}</w:ins>"), "in force"),
    "smart tag": (f'<w:smartTag w:element="place">{run("Oslo")}</w:smartTag>' + run(" yard"), "Oslo yard"),
    "custom XML": (f'<w:customXml w:element="x">{run("ropes")}</w:customXml>' + run(" first"), "ropes first"),
    "simple field": (f'<w:fldSimple w:instr=" REF a ">{run("Revision F")}</w:fldSimple>', "Revision F"),
    "complex field": (
        complex_field("<w:r><w:instrText> REF a </w:instrText></w:r>", run("230 volts")) + run(" each"),
        "230 volts each",
    ),
    "field in an instruction": (
        complex_field(
            "<w:r><w:instrText>IF </w:instrText></w:r>" + complex_field("", run("secret")), run("shown")
        ),
        "shown",
    ),
    "field that never ends": (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>' + run("still here"), "still here"
    ),
    "right to left": (f'<w:bdo w:val="rtl">{run("שלום")}</w:bdo>', "שלום"),
    "ruby": (
        "<w:r><w:ruby><w:rubyPr/><w:rt>" + run("おおさか") + "</w:rt><w:rubyBase>" + run("大阪")
        + "</w:rubyBase></w:ruby></w:r>" + run("の港"),
        "大阪の港 (おおさか)",
    ),
    "hidden": (run("Seen.") + run(" Unseen.", "<w:vanish/>"), "Seen."),
    "not hidden": (run("Seen.", '<w:vanish w:val="0"/>'), "Seen."),
    "symbol": ('<w:r><w:t>5 </w:t><w:sym w:font="Symbol" w:char="F06D"/><w:t>g</w:t></w:r>', "5 μg"),
    "checked box": (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/>'
        "</w:checkBox></w:ffData></w:fldChar></w:r>" + run(" Earth"),
        "☒ Earth",
    ),
    "page break": ('<w:r><w:t>one</w:t><w:br w:type="page"/><w:t>two</w:t></w:r>', "one\ntwo"),
    "choice": (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{run('new')}</mc:Choice><mc:Fallback>{run('old')}</mc:Fallback></mc:AlternateContent>",
        "new",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(INLINE))
def test_what_stands_in_a_paragraph_is_what_is_shown(parse: Parse, kind: str) -> None:
    markup, text = INLINE[kind]
    assert parse("x.docx", word(paragraph(markup))).text == text


def test_blocks_in_controls_and_custom_xml_are_read_in_their_place(parse: Parse) -> None:
    cover = '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Cover Pages"/></w:docPartObj></w:sdtPr>'
    title = paragraph(run("Crane book"), properties='<w:pStyle w:val="Title"/>')
    document = parse(
        "x.docx",
        word(
            f"{cover}<w:sdtContent>{title}{paragraph(run('Issued in May.'))}</w:sdtContent></w:sdt>",
            paragraph(run("Between.")),
            f'<w:customXml w:element="x"><w:customXmlPr/>{paragraph(run("About ropes."))}</w:customXml>',
            control(control(paragraph(run("Twice wrapped.")))),
            control(table(row(cell("Oil"), cell("VG 46")), row(cell("Gas"), cell("none")))),
        ),
    )
    assert [text for _, _, text in shown(document)] == [
        "Crane book",
        "Issued in May.",
        "Between.",
        "About ropes.",
        "Twice wrapped.",
        "Oil | VG 46\nGas | none",
    ]
    assert document.title == "Crane book"


def test_controls_of_rows_and_cells_keep_their_columns(parse: Parse) -> None:
    content = table(
        row(cell("Part"), cell("Code"), cell("Shelf")),
        row(cell("Gasket"), control(cell("GK-90")), cell("B7")),
        control(row(cell("Washer"), cell("WS-11"), cell("C2"))),
    )
    assert (
        parse("x.docx", word(content)).text == "Part | Code | Shelf\nGasket | GK-90 | B7\nWasher | WS-11 | C2"
    )


def test_merged_cells_stand_once_and_move_no_others(parse: Parse) -> None:
    content = table(
        row(cell("Area", '<w:gridSpan w:val="2"/>'), cell("Sum")),
        row(cell("North", '<w:vMerge w:val="restart"/>'), cell("Oslo"), cell("4")),
        row(cell("ghost", "<w:vMerge/>"), cell("Bergen"), cell("7")),
        row(cell("late"), properties='<w:gridBefore w:val="2"/>'),
    )
    text = parse("x.docx", word(content)).text
    assert text == "Area |  | Sum\nNorth | Oslo | 4\n | Bergen | 7\n |  | late"


def test_a_span_of_millions_of_columns_is_no_trap(parse: Parse) -> None:
    content = table(row(cell("a", '<w:gridSpan w:val="90000000"/>'), cell("b")), row(cell("c"), cell("d")))
    text = parse("x.docx", word(content)).text
    assert [word for word in text.split() if word != "|"] == ["a", "b", "c", "d"]


def test_deleted_rows_cells_and_paragraph_ends_are_gone(parse: Parse) -> None:
    deleted = f"<w:del {BY}/>"
    document = parse(
        "x.docx",
        word(
            paragraph(run("The pump is "), properties=f"<w:rPr>{deleted}</w:rPr>"),
            paragraph(run("oiled weekly.")),
            table(
                row(cell("Region"), cell("Cut")),
                row(cell("North"), cell("3")),
                row(cell("South"), cell("9"), properties=deleted),
                row(cell("West"), cell("8", f"<w:cellDel {BY}/>"), properties=f"<w:ins {BY}/>"),
            ),
        ),
    )
    assert [text for _, _, text in shown(document)] == [
        "The pump is oiled weekly.",
        "Region | Cut\nNorth | 3\nWest",
    ]


def test_what_a_paragraph_was_before_a_change_says_nothing(parse: Parse) -> None:
    former = (
        f'<w:pPrChange {BY}><w:pPr><w:pStyle w:val="Heading1"/><w:numPr><w:ilvl w:val="0"/>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:pPrChange>'
    )
    document = parse("x.docx", word(paragraph(run("Plain text now, and it stays."), properties=former)))
    assert shown(document) == [("paragraph", None, "Plain text now, and it stays.")]


def test_text_of_hidden_styles_and_rows_is_left_out(parse: Parse) -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="Secret"><w:name w:val="Secret"/>'
        "<w:rPr><w:vanish/></w:rPr></w:style>"
        '<w:style w:type="character" w:styleId="Inner"><w:name w:val="Inner"/>'
        '<w:basedOn w:val="Base"/></w:style>'
        '<w:style w:type="character" w:styleId="Base"><w:name w:val="Base"/>'
        "<w:rPr><w:vanish/></w:rPr></w:style>"
    )
    content = word(
        paragraph(run("By paragraph."), properties='<w:pStyle w:val="Secret"/>'),
        paragraph(run("Open."), run(" By letters.", '<w:rStyle w:val="Inner"/>')),
        table(row(cell("a"), cell("b")), row(cell("c"), cell("d"), properties="<w:hidden/>")),
    )
    content = with_part(content, "word/styles.xml", "</w:styles>", f"{styles}</w:styles>")
    assert parse("x.docx", content).text == "Open.\n\na | b"


def test_headers_footers_and_notes_are_plain_too(parse: Parse) -> None:
    document = docx.Document()
    document.add_paragraph("Body.")
    document.sections[0].header.paragraphs[0].text = "HEAD"
    document.sections[0].footer.paragraphs[0].text = "FOOT"
    content = office_file(document)
    for part, mark in (("word/header1.xml", "HEAD"), ("word/footer1.xml", "FOOT")):
        plain = f"<w:r><w:t>{mark}</w:t></w:r>"
        content = with_part(
            content, part, plain, control(run(mark.title())) + f"<w:ins {BY}>{run(' F')}</w:ins>"
        )
    assert parse("x.docx", content).text == "Head F\n\nBody.\n\nFoot F"


@pytest.mark.parametrize(
    "kind",
    [
        "ms-word.document.macroEnabled",
        "ms-word.template.macroEnabledTemplate",
        "openxmlformats-officedocument.wordprocessingml.template",
    ],
)
def test_documents_with_macros_and_templates_are_read(parse: Parse, kind: str) -> None:
    usual = "openxmlformats-officedocument.wordprocessingml.document"
    content = with_part(
        word(paragraph(run("Found."))), "[Content_Types].xml", f"{usual}.main", f"{kind}.main"
    )
    assert parse("x.docm", content).text == "Found."


def test_pictures_and_an_odd_name_of_the_body_do_no_harm(parse: Parse) -> None:
    content = word(paragraph(run("Found.")))
    relation = 'Target="word/document.xml"'
    assert parse(
        "x.docx", with_part(content, "_rels/.rels", relation, relation.replace("word", "/word"))
    ).text
