"""Secrets, personal data, quality, language and boilerplate: what is found, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.curate import language, personal, quality, repetition, secrets

PROSE = (
    "The pump is rated for a working pressure of 16 bar. Change the oil every 2,000 hours and replace the "
    "seal once a year; the motor draws 4 kilowatts and weighs 31 kilograms without its foot."
)
ANY = st.text(max_size=300)


# Written in two parts, so that no scanner takes this file for a leak.
SECRETS = {
    "AKIA" + "Q3EGRIK5MZ4VWXYB": "AWS Access Key",
    "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5": "GitHub Token",
    "glpat-" + "VS0DgTpLIyOxf10rIiTC": "GitLab Token",
    "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc": "Stripe Access Key",
    "AIza" + "SyD9tSrke72PouQMnMX-a7eZSW0jkFMBWY-": "Google API Key",
    "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi": "Hugging Face Token",
    "-----BEGIN RSA " + "PRIVATE KEY-----": "Private Key",
}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_of_a_known_form_is_found_where_it_stands(secret: str) -> None:
    text = f"{PROSE} It is {secret} for all. {PROSE}"
    [found] = secrets.find(text)
    assert found.text == SECRETS[secret]
    assert found.start is not None
    assert text[found.start : found.end] in secret
    assert secret not in found.text


@pytest.mark.parametrize(
    "line",
    ["password: hunter2Zx9!", 'DB_PASSWORD="u7Gk2mQ9xw"', "the passphrase is T4bs-K9sal-11",
     "api_key = 9f8e7d6c5b4a39281706f5e4d3c2b1a0", "https://deploy:k3Jh8sQ2mZpX@git.acme-tools.io/x.git"],
)  # fmt: skip
def test_a_password_that_is_written_down_is_found(line: str) -> None:
    [found] = secrets.find(f"First do this.\n{line}\nThen do that.")
    assert found.reason == "secret"


@pytest.mark.parametrize(
    "line",
    ['password: "<your-password>"', "API_KEY=${API_KEY}", "password=changeme", "token: YOUR_TOKEN_HERE",
     "aws_access_key_id = AKIAIOSFODNN7EXAMPLE", "The password is stored in the keystore.",
     "commit 9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef", "https://user:password@example.com/",
     "password: required, at least 8 characters", "secret: {{ .Values.secret }}"],
)  # fmt: skip
def test_a_placeholder_is_no_secret(line: str) -> None:
    assert secrets.find(f"First do this.\n{line}\nThen do that.") == []


@pytest.mark.parametrize(
    ("text", "kind", "item"),
    [
        ("Write to jane.doe@acme-tools.io today.", "e-mail address", "jane.doe@acme-tools.io"),
        ("Call +49 30 901820 or come.", "telephone number", "+49 30 901820"),
        ("Call (212) 736-5000 or come.", "telephone number", "(212) 736-5000"),
        ("Call 0033 1 42 34 60 86 or come.", "telephone number", "0033 1 42 34 60 86"),
        ("Card 4111 1111 1111 1111, thank you.", "payment card", "4111 1111 1111 1111"),
        ("Pay to DE89 3704 0044 0532 0130 00 now.", "bank account (IBAN)", "DE89 3704 0044 0532 0130 00"),
        ("SSN 536-90-4399 on file", "US social security number", "536-90-4399"),
        ("Her DNI is 54362315K here", "Spanish identity number", "54362315K"),
        ("Sein BSN: 111222333 steht hier", "Dutch BSN", "111222333"),
        ("NI number AB 12 34 56 C as given", "British national insurance number", "AB 12 34 56 C"),
    ],
)
def test_personal_data_is_found_where_it_stands(text: str, kind: str, item: str) -> None:
    [found] = personal.find(text)
    assert (found.text, found.reason) == (kind, "personal_data")
    assert text[found.start : found.end] == item


@pytest.mark.parametrize(
    "text",
    ["Write to jane@example.com, info@acme-tools.io or no-reply@acme-tools.io.", 
     "Order 4111 1111 1111 1112 went out.",
     "IBAN DE88 3704 0044 0532 0130 00 is mistyped.", "At 2024-05-04 12:34:56 from 192.168.100.200",
     '"@timestamp": 1700000000123', "Notes 400 400 2030 were due", "DNI 54362315A is mistyped",
     "id 111222333 of 9",
     "SSN 000-12-3456 does not exist", "git@github.com:acme/x.git"[:3], "v1.2.3-4567-890"],
)  # fmt: skip
def test_numbers_that_are_nobodys_are_left_alone(text: str) -> None:
    assert personal.find(text) == []


@pytest.mark.parametrize(
    "text",
    ["Th|s pagc wus sc4nned b@dly ahd thc w0rds arc br0ken lnto l|ttle p1eces w1th n0ise 0n it ev3rywhere",
     "DÃ¼sseldorf ist schÃ¶n und groÃŸ fÃ¼r alle.", 
     "The text \ufffd\ufffd was \ufffd lost \ufffd\ufffd on the way."],
)  # fmt: skip
def test_what_was_read_badly_is_found(text: str) -> None:
    found = quality.find(text)
    assert found is not None
    assert found.reason == "low_quality"


@pytest.mark.parametrize(
    "text",
    [PROSE, "", "a | b | c | d\n1 | 2 | 3 | 4\ne | f | g | h",
     "Prüfgerät für Öl, schön groß: Größe 4 — «très bien» über ça",
     'curl -XPOST "https://localhost:5601/api/x" -H "osd-xsrf: true" -d \'{"name": "b2c"}\' -k -s',
     "function generateQueryId() { const query_id = getGuid(); return query_id; } // HTTP2 is x86_64",
     "使用泵之前，请先阅读本手册。泵的额定工作压力为16巴。", 
     "「감염병예방법」 제2조 제2호에 의하면 제1급감염병이란 제4조 제3호와 제5조 제1호에서 정한 것을 말한다",
     "Насос рассчитан на рабочее давление 16 бар, не более того и не менее."],
)  # fmt: skip
def test_tables_code_and_other_scripts_are_not_noise(text: str) -> None:
    assert quality.find(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PROSE, "en"),
        (
            "Die Pumpe ist für einen Arbeitsdruck von 16 bar ausgelegt, das Öl wechselt man jährlich.",
            "de",
        ),
        (
            "La pompe est prévue pour une pression de service de 16 bars et l'huile se change chaque année.",
            "fr",
        ),
        ("使用泵之前，请先阅读本手册。泵的额定工作压力为十六巴，每两千小时更换一次机油。", "zh"),
        ("Насос рассчитан на рабочее давление 16 бар, масло меняют каждые две тысячи часов работы.", "ru"),
    ],
)
def test_a_language_is_told(text: str, code: str) -> None:
    found = language.detect(text)
    assert found is not None
    assert found[0] == code
    assert language.find(text, {code}) is None
    assert language.find(text, ()) is None
    other = language.find(text, {"fi"})
    assert other is not None
    assert repr(code) in other.text


@pytest.mark.parametrize(
    "text", ["", "16 | 4 | 31", "`GET _search`", "OK", "https://localhost:5601/api/workspaces"]
)
def test_too_few_words_have_no_language(text: str) -> None:
    assert language.detect(text) is None
    assert language.find(text, {"fi"}) is None


def test_a_chunk_of_lines_that_many_have_is_boilerplate() -> None:
    lines = repetition.line_signatures(
        "Page 3 of 18\n© Globex Corporation, all rights reserved.\n\n42\nConfidential"
    )
    assert lines == repetition.line_signatures(
        "Confidential\n  page 4 OF 18\n© Globex  Corporation, all rights reserved."
    )
    often = dict.fromkeys(lines, repetition.DOCUMENTS)
    found = repetition.find_boilerplate(lines, often)
    assert found is not None
    assert found.reason == "boilerplate"
    assert repetition.find_boilerplate(lines, dict.fromkeys(lines, repetition.DOCUMENTS - 1)) is None
    assert repetition.find_boilerplate({**lines, 1: 200}, often) is None
    assert repetition.find_boilerplate({}, often) is None


def test_rows_of_numbers_are_no_lines() -> None:
    assert repetition.line_signatures("12 | 34 | 56\n2024\n---\nbar") == {}


@given(ANY)
def test_any_text_is_survived_and_places_lie_in_it(text: str) -> None:
    for found in (*secrets.find(text), *personal.find(text)):
        assert found.start is not None
        assert found.end is not None
        assert 0 <= found.start < found.end <= len(text)
    quality.find(text)
    language.find(text, {"en"})
    repetition.line_signatures(text)
