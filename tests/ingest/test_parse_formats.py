"""What the samples do not show: small files made here, each with the traits that once went wrong."""

from __future__ import annotations

import io
from email.message import EmailMessage

import openpyxl
import pptx

from tests.ingest.making import Parse, shown

MARKDOWN = """\
---
title: Bulk
tags: [a, b]
day: 2026-11-21
limits: {a: 1}
---
# Bulk
{: .no_toc }

Use `POST _bulk` with an `<index>` name, see [the guide]({{site.url}}/guide/).<br>Then wait.

{% include copy.html
   rest=step1 %}

1. First
   - nested
2. Second:

   ```json
   {
     "size": 10
   }
   ```

<details><summary>More</summary>Hidden words</details>

| Field | Type |
|:------|:-----|
| `a\\|b` | long |
<!-- a remark -->
"""


def test_markdown_loses_markup_and_keeps_code_as_it_is(parse: Parse) -> None:
    document = parse("bulk.md", MARKDOWN.encode())
    assert document.title == "Bulk"
    assert document.metadata == {"tags": ["a", "b"], "day": "2026-11-21"}
    assert shown(document) == [
        ("heading", 1, "Bulk"),
        ("paragraph", None, "Use POST _bulk with an <index> name, see the guide.\nThen wait."),
        ("list", None, "1. First\n  - nested\n2. Second:"),
        ("code", None, '{\n  "size": 10\n}'),
        ("paragraph", None, "More\nHidden words"),
        ("table", None, "Field | Type\na|b | long"),
    ]


def test_front_matter_that_is_no_yaml_is_text(parse: Parse) -> None:
    document = parse("x.md", b"---\n{: [\n---\nwords\n")
    assert "words" in document.text
    assert document.metadata == {}


def test_no_control_characters_and_no_lone_surrogates_reach_the_store(parse: Parse) -> None:
    document = parse("x.md", b"# A\x00B\n\nnul \x00 bell \x07 form\x0cfeed \xed\xa0\x80\n")
    assert "\x00" not in document.text
    assert "\x07" not in document.text
    document.text.encode("utf-8")


def test_slides_are_pages(parse: Parse) -> None:
    deck = pptx.Presentation()
    for title, text in (("Harbour", "Depth 4 metres"), ("Ramp", "Load 26 tonnes")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    out = io.BytesIO()
    deck.save(out)
    document = parse("deck.pptx", out.getvalue())
    assert [page.number for page in document.pages] == [1, 2]
    second = document.pages[1]
    assert "Load 26 tonnes" in document.text[second.start : second.end]
    assert "Load" not in document.text[: second.start]


def test_every_sheet_is_a_page_under_its_name(parse: Parse) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Spring"
    book.create_sheet("Autumn")
    for sheet, price in zip(book.worksheets, (3, 4), strict=True):
        for row in (("Item", "Price"), ("Rope", price), ("Paint", 9)):
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    document = parse("prices.xlsx", out.getvalue())
    autumn = document.pages[1]
    assert document.text[autumn.start : autumn.end].split() == [
        "Autumn",
        "Item",
        "|",
        "Price",
        "Rope",
        "|",
        "4",
        "Paint",
        "|",
        "9",
    ]


def test_csv_finds_its_delimiter_and_tsv_its_tabs(parse: Parse) -> None:
    assert (
        parse("a.csv", b"name;depth\nMerrin;4\nOddholm;7\n").text == "name | depth\nMerrin | 4\nOddholm | 7"
    )
    assert parse("a.tsv", b"name\tdepth\nMerrin\t4\n").text == "name | depth\nMerrin | 4"


def test_what_a_page_hides_is_left_out_and_what_it_folds_is_read(parse: Parse) -> None:
    page = (
        "<p hidden>one</p><p style='color: red; DISPLAY : none'>two</p><p>Seen.</p>"
        "<table><tr><td>a</td><td hidden>three</td></tr><tr style='display:none'><td>four</td></tr>"
        "<tbody hidden><tr><td>five</td></tr></tbody><tr><td>b</td><td>c</td></tr></table>"
        "<ul><li>d<ul hidden><li>six</li></ul></li><li style='visibility:hidden'>seven</li></ul>"
        "<pre>e<span hidden>eight</span></pre><details><summary>More</summary>Folded.</details>"
        "<p hidden='until-found'>To be found.</p>"
    )
    text = parse("x.html", page.encode()).text
    assert text == "Seen.\n\na\nb | c\n\n- d\n\ne\n\nMore\n\nFolded.\n\nTo be found."


def test_mail_begins_with_its_head_even_as_utf_16(parse: Parse) -> None:
    head = "From: Ann <ann@example.com>\nTo: Bo <bo@example.com>\nSubject: =?utf-8?q?Caf=C3=A9?=\n"
    mail = f"{head}\nThe cafe is shut.\n"
    for content in (mail.encode(), mail.encode("utf-16"), mail.encode("utf-16-be")):
        document = parse("note.eml", content)
        assert document.title == "Café"
        assert document.text == (
            "Subject: Café\nFrom: Ann <ann@example.com>\nTo: Bo <bo@example.com>\n\nThe cafe is shut."
        )


def test_messages_within_a_message_are_read(parse: Parse) -> None:
    mail = (
        "From: a@example.com\nSubject: Digest\nMIME-Version: 1.0\n"
        "Content-Type: multipart/digest; boundary=B\n\n"
        "--B\n\nSubject: one\n\nThe tide turns at nine.\n--B--\n"
    )
    assert "The tide turns at nine." in parse("digest.eml", mail.encode()).text


def test_attachments_are_named(parse: Parse) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "Plans", "ann@example.com"
    message.set_content("See the plan.")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="plan.pdf")
    document = parse("plans.eml", message.as_bytes())
    assert document.metadata["attachments"] == "plan.pdf"
    assert "Attachments: plan.pdf\n\nSee the plan." in document.text


def test_old_encodings_are_recognised(parse: Parse) -> None:
    french = "<p>" + "L'été était très chaud, le café coûte 3,50 € et la crème brûlée 6 €. " * 3 + "</p>"
    assert "L'été était très chaud, le café coûte 3,50 €" in parse("a.html", french.encode("cp1252")).text
    declared = '<meta charset="koi8-r"><p>Причал закрыт на ремонт до весны.</p>'
    assert "Причал закрыт" in parse("b.html", declared.encode("koi8-r")).text


def test_data_files_stay_as_they_are(parse: Parse) -> None:
    text = '{\n  "ship": "Tern",\n  "cars": 32\n}'
    assert shown(parse("ship.json", text.encode())) == [("code", None, text)]
