"""Plain text, data and XML: lines stay lines, escapes and encodings are decoded once."""

from __future__ import annotations

import json

import pytest

from tests.ingest.making import Parse, shown

LOG = "09:00:01 INFO ferry left the quay\n09:00:07 WARN ramp light is off\n09:01:12 INFO quay is clear now"
COLUMNS = "Ship       Cars  Quay\nTern         32  North\nOld Maud      9  South"
CODE = "if x:\n    for name in glob('*.csv'):\n        load(name)\n\nprint('done')"
ADDRESS = "Skerry Line\nHarbour Street 7\n4012 Merrin"
KEYS = "berth = north side of the long new harbour wall\ncrane = south side of the old wall of the harbour"


@pytest.mark.parametrize("text", [LOG, COLUMNS, ADDRESS, KEYS])
def test_lines_that_were_not_wrapped_stay_lines(parse: Parse, text: str) -> None:
    assert parse("notes.txt", text.encode()).text == text


@pytest.mark.parametrize("name", ["load.py", "Makefile", "load.sql"])
def test_source_code_is_one_block_with_every_character(parse: Parse, name: str) -> None:
    assert shown(parse(name, CODE.encode())) == [("code", None, CODE)]


def test_a_script_is_known_by_its_first_line(parse: Parse) -> None:
    script = "#!/bin/sh\n\n* this is no list\n\tdone"
    assert shown(parse("run", script.encode())) == [("code", None, script)]


def test_wrapped_prose_is_a_paragraph_and_lists_keep_their_marks(parse: Parse) -> None:
    prose = (
        "Harbour rules\n\nThe ramp is lowered by the mate and by nobody else,\n"
        "and never while the engine runs ahead. The lamp on\nthe ramp stays lit.\n\n"
        "Bring:\n* a lamp\n* a rope that is long enough for both of the\n  bollards on the quay\n2) a hook\n"
    )
    assert shown(parse("rules.txt", prose.encode())) == [
        ("heading", 1, "Harbour rules"),
        (
            "paragraph",
            None,
            "The ramp is lowered by the mate and by nobody else, and never while the engine runs ahead. "
            "The lamp on the ramp stays lit.",
        ),
        ("paragraph", None, "Bring:"),
        (
            "list",
            None,
            "* a lamp\n* a rope that is long enough for both of the bollards on the quay\n2) a hook",
        ),
    ]


def test_wrapped_lines_of_chinese_meet_without_a_space(parse: Parse) -> None:
    first = "安全阀每两年由港口的工程师检查一次并且记录在船上的日志里面"
    second = "如果发现任何问题就必须立刻更换新的安全阀门然后再测试一遍"
    text = f"{first}\n{second}"
    assert parse("zh.txt", text.encode()).text == text.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe M fehlt.", "cp1252"),
        ("Насос проверяют весной.", "cp1251"),
        ("Насос проверяют весной.", "koi8-r"),
        ("Насос проверяют весной.", "cp866"),
        ("Zawór bezpieczeństwa, ciśnienie", "cp1250"),
        ("Η βαλβίδα ελέγχεται", "iso8859-7"),
        ("השסתום והמשאבה נבדקים כל שנה בנמל", "cp1255"),
        ("วาล์วตรวจสอบทุกปี", "cp874"),
        ("弁は毎年検査します。", "cp932"),
        ("弁は毎年検査します。", "euc_jp"),
        ("弁は毎年検査します。", "iso2022_jp"),
        ("阀门每年检查一次。", "gb18030"),
        ("밸브는 매년 점검합니다.", "cp949"),
    ],
)
def test_old_encodings_are_told_from_a_few_words(parse: Parse, text: str, encoding: str) -> None:
    document = parse("note.txt", text.encode(encoding))
    assert document.text == text
    assert "unread" not in document.metadata


@pytest.mark.parametrize("content", [b"Caf\xe9", b"Men\xfc"])
def test_a_doubtful_encoding_is_named(parse: Parse, content: bytes) -> None:
    (doubt,) = parse("note.txt", content).metadata["unread"]  # type: ignore[union-attr,misc]  # a list, then
    assert doubt.endswith(": encoding_doubtful")


def test_escapes_of_json_are_what_they_stand_for_and_numbers_stay(parse: Parse) -> None:
    rows = [{"größe": "Ø 4 😀", "path": 'C:\\new "x"', "n": 1.50}, {"弁": "a\nb"}]
    text = json.dumps(rows[0]).replace("1.5", "1.50")
    assert parse("a.json", text.encode()).text == '{"größe": "Ø 4 😀", "path": "C:\\new "x"", "n": 1.50}'
    lines = "\n".join(json.dumps(row) for row in rows)
    assert '"弁": "a\nb"' in parse("a.jsonl", lines.encode()).text


def test_escapes_of_yaml_are_decoded_in_quotes_alone(parse: Parse) -> None:
    text = "hall: \"\\u00dcber\\x20uns\"\nplain: C:\\u00dc\nsingle: 'it''s'\n# a \"\\u00dc\" remark"
    assert parse("a.yaml", text.encode()).text == (
        'hall: "Über uns"\nplain: C:\\u00dc\nsingle: \'it\'s\'\n# a "\\u00dc" remark'
    )


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1253", "euc-jp", "gb2312", "utf-16", "utf-8"])
def test_xml_is_decoded_once_and_as_it_says(parse: Parse, encoding: str) -> None:
    foreign = {"iso-8859-1": "Größe", "windows-1253": "βαλβίδα", "euc-jp": "弁", "gb2312": "阀门"}
    words = foreign.get(encoding, "Größe 弁")
    content = f'<?xml version="1.0" encoding="{encoding}"?><doc><p>{words} 7</p></doc>'.encode(encoding)
    assert parse("a.xml", content).text == f"{words} 7"


def test_xml_has_attributes_mixed_content_and_entities(parse: Parse) -> None:
    text = (
        '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY line "Skerry Line">]>'
        '<l xml:lang="en"><ship id="T1"><name>Tern</name><cars unit="pcs">32</cars></ship>'
        "<p>Sold by &line;, <b>not</b> lent.<br/>Paid &euro; 9 &amp; up<!-- hush -->.</p></l>"
    )
    assert [block[2] for block in shown(parse("a.xml", text.encode()))] == [
        "id: T1\nTern\n32 (unit: pcs)",
        "Sold by Skerry Line, not lent. Paid € 9 & up.",
    ]
