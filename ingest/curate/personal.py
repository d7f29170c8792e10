"""Personal data: e-mail addresses, telephone, card and account numbers, national identity numbers.

Whatever has a check digit or a numbering plan is checked against it (python-stdnum, phonenumbers), and a bare
row of digits counts as an identity number only where a word beside it says so.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban, luhn

from rag.types import Finding

_MOST = 20
_NEAR = 60  # characters in front of a number in which a word may say what it is

_EMAIL = re.compile(
    r"(?<![\w.+-])(?P<user>[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*)@(?P<host>(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})(?![\w@-])"
)
_RESERVED = re.compile(
    r"(?:^|\.)(?:example\.\w+|example|test|invalid|localhost|local|internal)$", re.IGNORECASE
)
_ROLE = re.compile(
    r"(?:info|support|contact|sales|no-?reply|do-?not-?reply|admin|webmaster|postmaster|hostmaster|help|hello|office"
    r"|security|abuse|press|privacy|team|service|enquiries|inquiries|feedback|legal|jobs|careers|root|user(?:name)?)\d*",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d")
_CARD = re.compile(r"(?<![\w.,-])(?:\d[ -]?){12,18}\d(?![\w-]|[.,]\d)")
_CARD_FORM = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}"
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_ABROAD = re.compile(r"\+ ?\d|\b00[1-9]")
_NANP = re.compile(r"\(\d{3}\) ?\d{3}[ .-]\d{4}\b|\b\d{3}[.-]\d{3}[.-]\d{4}\b")


@dataclass(frozen=True, slots=True)
class _Identity:
    """An identity number: its form, the module of stdnum that checks it, words that have to stand near."""

    name: str
    form: re.Pattern[str]
    module: str
    words: re.Pattern[str] | None = None


def _identity(name: str, form: str, module: str, words: str = "") -> _Identity:
    near = re.compile(words, re.IGNORECASE) if words else None
    return _Identity(name, re.compile(rf"(?<![\w.-]){form}(?![\w-]|\.\d)"), module, near)


_IDENTITIES = (
    _identity("US social security number", r"\d{3}-\d{2}-\d{4}", "us.ssn"),
    _identity("Spanish identity number", r"\d{8}-?[A-Z]", "es.dni"),
    _identity("Spanish foreigner's number", r"[XYZ]-?\d{7}-?[A-Z]", "es.nie"),
    _identity("Italian tax code", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", "it.codicefiscale"),
    _identity(
        "French social security number", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?\d\d ?\d{3} ?\d{3} ?\d\d", "fr.nir"
    ),
    _identity("Finnish identity code", r"\d{6}[-+A]\d{3}[0-9A-Z]", "fi.hetu"),
    _identity("Swiss social security number", r"756\.\d{4}\.\d{4}\.\d{2}", "ch.ssn"),
    _identity("Brazilian CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    _identity("Chinese identity number", r"\d{17}[0-9X]", "cn.ric"),
    _identity("Belgian national number", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", "be.nn"),
    _identity("Swedish personal number", r"\d{6}[-+]\d{4}", "se.personnummer", r"person"),
    _identity("German tax number", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", "de.idnr", r"steuer|tax|idnr"),
    _identity("Dutch BSN", r"\d{9}", "nl.bsn", r"bsn|burgerservice|sofi"),
    _identity("Polish PESEL", r"\d{11}", "pl.pesel", r"pesel"),
    _identity("Norwegian birth number", r"\d{6} ?\d{5}", "no.fodselsnummer", r"f[øo]dsel|personn|birth"),
    _identity("Danish CPR", r"\d{6}-\d{4}", "dk.cpr", r"cpr|person"),
    _identity("Indian Aadhaar", r"\d{4} ?\d{4} ?\d{4}", "in_.aadhaar", r"aadhaar|uidai"),
    _identity("Portuguese NIF", r"\d{3} ?\d{3} ?\d{3}", "pt.nif", r"\bnif\b|contribuinte"),
    _identity("British NHS number", r"\d{3} ?\d{3} ?\d{4}", "gb.nhs", r"nhs"),
)  # fmt: skip
_NINO = re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)")


def find(text: str) -> list[Finding]:
    """Each item's place in the text and its kind, at most 20. Addresses of a role or of no one are none."""
    found: dict[tuple[int, int], str] = {}
    stages = [_emails(text)]
    if len(_DIGITS.findall(text)) >= 6:
        stages += [_accounts(text), _identities(text), _phones(text)]
    for kind, start, end in (item for stage in stages for item in stage):
        if not any(start < other[1] and other[0] < end for other in found):
            found[start, end] = kind
    return [Finding("personal_data", kind, *span) for span, kind in sorted(found.items())][:_MOST]


def _emails(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _EMAIL.finditer(text):
        if not (_RESERVED.search(match["host"]) or _ROLE.fullmatch(match["user"])):
            yield "e-mail address", match.start(), match.end()


def _accounts(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _IBAN.finditer(text):
        if iban.is_valid(match.group()):
            yield "bank account (IBAN)", match.start(), match.end()
    for match in _CARD.finditer(text):
        digits = re.sub("[ -]", "", match.group())
        if _CARD_FORM.fullmatch(digits) and luhn.is_valid(digits):
            yield "payment card", match.start(), match.end()


def _identities(text: str) -> Iterator[tuple[str, int, int]]:
    for identity in _IDENTITIES:
        for match in identity.form.finditer(text):
            near = text[max(0, match.start() - _NEAR) : match.start()]
            if identity.words and not identity.words.search(near):
                continue
            if _module(identity.module).is_valid(match.group()):
                yield identity.name, match.start(), match.end()
    for match in _NINO.finditer(text):
        if match.group()[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
            yield "British national insurance number", match.start(), match.end()


def _phones(text: str) -> Iterator[tuple[str, int, int]]:
    # Numbers without a country are taken for North American where they are written so; "00" calls abroad
    # from almost everywhere else.
    for region, form in (("US", _NANP), ("DE", _ABROAD)):
        if form.search(text):
            for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=1000):
                if form.match(match.raw_string):
                    yield "telephone number", match.start, match.end


@cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(f"stdnum.{name}")
