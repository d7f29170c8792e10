"""Every part of a message is read or named: text behind attachments, messages in it, invitations."""

from __future__ import annotations

from email.message import EmailMessage

from tests.ingest.making import Parse, shown

INVITATION = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nUID:77@x\r\nSUMMARY:Ramp test\\, pier 2\r\nDTSTART;TZID=Europe/Oslo:20260506T093000\r\n"
    "DTEND:20260506T080000Z\r\nLOCATION:North qu\r\n ay\r\nDESCRIPTION:Bring\\na lamp\r\n"
    'ATTENDEE;CN="Vik, Ann":mailto:ann@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
)


def letter(text: str, subject: str = "Plans") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "ann@example.com"
    message.set_content(text)
    return message


def test_text_behind_an_inline_attachment_is_read(parse: Parse) -> None:
    message = letter("Before the plan.")
    message.add_attachment(
        b"a,b\n1,2\n3,4\n", maintype="text", subtype="csv", filename="plan.csv", disposition="inline"
    )
    message.add_attachment("Behind the plan.", disposition="inline")
    message.add_attachment("<p>And at the <b>end</b>.</p>", subtype="html", disposition="inline")
    texts = [block[2] for block in shown(parse("a.eml", message.as_bytes()))]
    assert texts[1:] == [
        "Before the plan.",
        "Behind the plan.",
        "And at the end.",
        "plan.csv",
        "a | b\n1 | 2\n3 | 4",
    ]


def test_a_forwarded_message_without_a_name_is_a_section(parse: Parse) -> None:
    inner = letter("The tide turns at nine.", "Tides")
    inner.add_attachment(b"Depth 4 m.", maintype="text", subtype="plain", filename="depth.txt")
    message = letter("See below.")
    message.add_attachment(inner)
    text = parse("a.eml", message.as_bytes()).text
    assert text.index("Tides") < text.index("The tide turns at nine.") < text.index("Depth 4 m.")


def test_attachments_without_a_name_are_read_or_named(parse: Parse) -> None:
    message = letter("Two files.")
    message.add_attachment(b"Depth 4 m.", maintype="text", subtype="plain")
    message.add_attachment(b"\0\1\2", maintype="application", subtype="octet-stream")
    document = parse("a.eml", message.as_bytes())
    assert "Depth 4 m." in document.text
    assert document.metadata["unread"] == ["part 2.bin: unsupported_format"]


def test_an_invitation_is_read_once(parse: Parse) -> None:
    message = letter("You are invited.")
    message.add_alternative("<p>You are invited.</p>", subtype="html")
    message.add_alternative(INVITATION, subtype="calendar")
    message.add_attachment(INVITATION.encode(), maintype="application", subtype="ics", filename="invite.ics")
    text = parse("a.eml", message.as_bytes()).text
    assert text.count("You are invited.") == text.count("Ramp test, pier 2") == 1
    for line in (
        "Start: 2026-05-06 09:30 Europe/Oslo",
        "End: 2026-05-06 08:00 UTC",
        "Location: North quay",
        "Description: Bring\na lamp",
        "Attendee: Vik, Ann <ann@example.com>",
    ):
        assert line in text
    assert "1970" not in text
    assert parse("invite.ics", INVITATION.encode()).title == "Ramp test, pier 2"


def test_every_message_of_a_mailbox_is_a_section(parse: Parse) -> None:
    box = b"".join(
        b"From ann@example.com Tue May  5 10:00:00 2026\n" + letter(text, subject).as_bytes() + b"\n"
        for subject, text in (("One", "The first word."), ("Two", ">From here on it is dry."))
    )
    document = parse("mail.mbox", box)
    headings = [text for kind, _, text in shown(document) if kind == "heading"]
    assert headings == ["One", "Two"]
    assert document.text.endswith("\n\nFrom here on it is dry.")
    assert document.metadata["messages"] == 2


def test_letters_without_a_charset_and_flowed_lines_are_read(parse: Parse) -> None:
    head = "From: Jürgen <j@example.com>\nSubject: Größe\nContent-Type: text/plain; format=flowed\n\n"
    body = "The ramp is \nlowered at nine.\n Then wait.\n"
    document = parse("a.eml", head.encode("cp1252") + body.encode())
    assert document.title == "Größe"
    assert "From: Jürgen <j@example.com>" in document.text
    assert "The ramp is lowered at nine.\nThen wait." in document.text


def test_an_encrypted_part_is_named(parse: Parse) -> None:
    inner = "--I\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--I--\n"
    mail = (
        "From: a@example.com\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n"
        "--B\n\nHello there.\n--B\nContent-Type: multipart/encrypted; boundary=I\n\n" + inner + "--B--\n"
    )
    document = parse("a.eml", mail.encode())
    assert "Hello there." in document.text
    assert document.metadata["unread"] == ["part 1: password_protected"]
