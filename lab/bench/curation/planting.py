"""Cases for measuring curation: passages with something planted, and others that only look like it.

Everything follows from a seed. What is planted is random or reserved for documentation: no one's secret.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from rag.types import Reason

LETTERS = string.ascii_letters
WORDS = string.ascii_letters + string.digits

Maker = Callable[[Random], str]


@dataclass(frozen=True, slots=True)
class Case:
    """A text to ingest. `planted`: whether a finding of this reason is right; `kind` is for the table."""

    reason: Reason
    kind: str
    planted: bool
    text: str


def inserted(passage: str, sentence: str, random: Random) -> str:
    """The passage with a sentence between two of its words."""
    words = passage.split(" ")
    place = random.randrange(len(words) + 1)
    return " ".join([*words[:place], sentence, *words[place:]])


def misread(text: str, rate: float, random: Random) -> str:
    """The text as poor character recognition gives it: `rate` of the characters are wrong."""
    return "".join(_misread(one, random) if random.random() < rate else one for one in text)


_CONFUSED = {
    "l": "1I|", "I": "l1|", "i": "1j;", "o": "0c", "O": "0Q", "e": "co", "c": "eo(", "a": "o@",
    "s": "5", "S": "5$", "B": "8", "g": "q9", "t": "f+",
    "h": "b", "u": "v", "v": "y", "z": "2", "f": "t", "b": "6", "T": "7",
}  # fmt: skip
_SPLIT = {"m": "rn", "n": "ri", "w": "vv", "d": "cl", "h": "li"}


def _misread(character: str, random: Random) -> str:
    draw = random.random()
    if character in _SPLIT and draw < 0.3:
        return _SPLIT[character]
    if character in _CONFUSED and draw < 0.7:
        return random.choice(_CONFUSED[character])
    if draw < 0.8:
        return character + random.choice("~.'|^* ")
    return "" if draw < 0.9 else random.choice("~|^*!{}]§")


def mojibake(text: str, random: Random) -> str:
    """The text with typographic marks and accents, written as UTF-8 and read as Windows-1252."""
    accented = "".join(_ACCENTED.get(one, one) if random.random() < 0.3 else one for one in text)
    return accented.encode().decode("cp1252", "replace")


_ACCENTED = {"'": "’", '"': "“", "-": "–", "e": "é", "a": "ä", "u": "ü", "o": "ö", "c": "ç"}


def _drawn(alphabet: str, length: int) -> Maker:
    return lambda random: "".join(random.choices(alphabet, k=length))


def _form(*parts: str | Maker) -> Maker:
    return lambda random: "".join(part if isinstance(part, str) else part(random) for part in parts)


def _jwt(random: Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"sub": random.randrange(10**9), "iat": 1700000000 + random.randrange(10**7)}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{_drawn(WORDS, 43)(random)}"


def _private_key(random: Random) -> str:
    kind = random.choice(["RSA ", "EC ", "OPENSSH ", ""])
    body = "\n".join(_drawn(WORDS + "+/", 64)(random) for _ in range(3))
    return f"\n-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----\n"


def _password(random: Random) -> str:
    made = [
        random.choice(part)
        for part in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!%&+#?")
    ]
    made += random.choices(WORDS + "!%&+#?", k=random.randrange(6, 12))
    random.shuffle(made)
    return "".join(made)


def _assignment(random: Random) -> str:
    style = random.choice(
        ["password: {}", 'db_password = "{}"', "PASSWORD={}", '"password": "{}",', "The password is {}.",
         "pwd={};", "Passwort: {}", "root_passwd = '{}'", "admin password: {}"]
    )  # fmt: skip
    return style.format(_password(random))


def _key(random: Random) -> str:
    style = random.choice(
        ["api_key: {}", 'API_KEY="{}"', "client_secret = '{}'", "x-api-key: {}", '"access_key": "{}"',
         "auth_token={}", "SECRET_KEY: {}"]
    )  # fmt: skip
    return style.format(_drawn(WORDS, random.choice([24, 32, 40]))(random))


_UPPER, _HEX = string.ascii_uppercase + string.digits, "0123456789abcdef"

SECRETS: dict[str, Maker] = {
    "AWS access key": _form("AKIA", _drawn(_UPPER, 16)),
    "GitHub token": _form("ghp_", _drawn(WORDS, 36)),
    "GitHub fine-grained token": _form("github_pat_", _drawn(WORDS, 22), "_", _drawn(WORDS, 59)),
    "GitLab token": _form("glpat-", _drawn(WORDS, 20)),
    "Slack token": _form(
        "xoxb-", _drawn(string.digits, 12), "-", _drawn(string.digits, 12), "-", _drawn(WORDS, 24)
    ),
    "Stripe key": _form("sk_live_", _drawn(WORDS, 24)),
    "Google API key": _form("AIza", _drawn(WORDS + "_-", 35)),
    "Anthropic key": _form("sk-ant-api03-", _drawn(WORDS + "_-", 80)),
    "OpenAI key": _form("sk-proj-", _drawn(WORDS + "_-", 74)),
    "Hugging Face token": _form("hf_", _drawn(LETTERS, 34)),
    "npm token": _form("//registry.npmjs.org/:_authToken=npm_", _drawn(WORDS, 36)),
    "PyPI token": _form("pypi-AgEIcHlwaS5vcmc", _drawn(WORDS + "_-", 90)),
    "SendGrid key": _form("SG.", _drawn(WORDS, 22), ".", _drawn(WORDS, 43)),
    "Twilio key": _form("SK", _drawn(_HEX, 32)),
    "Mailchimp key": _form(_drawn(_HEX, 32), "-us14"),
    "Telegram token": _form("5", _drawn(string.digits, 9), ":AA", _drawn(WORDS + "_-", 33)),
    "Azure storage key": _form("AccountKey=", _drawn(WORDS + "+/", 86), "=="),
    "JSON web token": _jwt,
    "private key": _private_key,
    "basic auth in a URL": _form("https://deploy:", _drawn(WORDS, 14), "@git.acme-tools.io/x.git"),
    "password assigned": _assignment,
    "key assigned": _key,
}
NO_SECRETS: dict[str, Maker] = {
    "placeholder": lambda random: random.choice(
        [
            'password: "<your-password>"',
            "API_KEY=${API_KEY}",
            "password=changeme",
            '"password": "********"',
            "token: YOUR_TOKEN_HERE",
            "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
            "secret: {{ .Values.secret }}",
            "password: myStrongPassword123!",
            "https://user:password@example.com/",
        ]
    ),
    "hash": _form("commit ", _drawn(_HEX, 40)),
    "UUID": _form(
        "id: ",
        _drawn(_HEX, 8),
        "-",
        _drawn(_HEX, 4),
        "-4",
        _drawn(_HEX, 3),
        "-a",
        _drawn(_HEX, 3),
        "-",
        _drawn(_HEX, 12),
    ),
    "prose": lambda random: random.choice(
        [
            "The password is stored in the keystore.",
            "A token: the unit that the analyzer emits.",
            "Set the secret: it must have eight characters.",
            "password: required, a string",
        ]
    ),
    "base64": _form("data:image/png;base64,", _drawn(WORDS + "+/", 120)),
}


def _luhn(digits: str) -> str:
    total = sum(_doubled(one, place) for place, one in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _doubled(digit: str, place: int) -> int:
    value = int(digit) * (2 if place % 2 == 0 else 1)
    return value - 9 if value > 9 else value


def _card(random: Random) -> str:
    start, length = random.choice([("4", 16), ("53", 16), ("37", 15), ("6011", 16)])
    number = _luhn(start + _drawn(string.digits, length - 1 - len(start))(random))
    if random.random() < 0.5 or length == 15:
        return number
    return random.choice(" -").join(number[at : at + 4] for at in range(0, 16, 4))


def _no_card(random: Random) -> str:
    number = _card(random)
    return number[:-1] + str((int(number[-1]) + random.randrange(1, 10)) % 10)


def _iban(random: Random) -> str:
    country, form = random.choice(
        [
            ("DE", "9" * 18),
            ("GB", "AAAA" + "9" * 14),
            ("NL", "AAAA" + "9" * 10),
            ("AT", "9" * 16),
            ("CH", "9" * 17),
            ("DK", "9" * 14),
        ]
    )  # countries without a check digit inside the account number
    bank = {"GB": "NWBK", "NL": "ABNA"}.get(country, "")
    account = bank + _drawn(string.digits, len(form) - len(bank))(random)
    check = 98 - int("".join(str(int(one, 36)) for one in f"{account}{country}00")) % 97
    whole = f"{country}{check:02d}{account}"
    return whole if random.random() < 0.5 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def _dni(random: Random) -> str:
    number = random.randrange(10**7, 10**8)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def _ssn(random: Random) -> str:
    return f"{random.randrange(100, 660):03d}-{random.randrange(10, 100)}-{random.randrange(1000, 9999)}"


def _email(random: Random) -> str:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    host = random.choice(
        ["gmail.com", "acme-tools.io", "mail.uni-koeln.de", "orange.fr", "corp.globex.co.uk"]
    )
    return random.choice(["{}.{}", "{}_{}", "{}{}", "{}.{}+news"]).format(first, last).lower() + "@" + host


_FIRST = ("Jane", "Omar", "Lucia", "Pieter", "Anke", "Wei", "Priya", "Tomas", "Olga", "Kofi")
_LAST = ("Doe", "Haddad", "Rossi", "Jansen", "Schulz", "Zhang", "Nair", "Silva", "Ivanova", "Mensah")


def _phone(random: Random) -> str:
    digit = _drawn(string.digits, 1)
    form = random.choice(
        ["+1 212-73#-####", "(415) 86#-####", "617-49#-####", "+44 20 7946 0###",
         "+49 30 9018####", "+33 1 42 34 ## ##",
         "+34 91 45# ## ##", "+31 20 55# ####", "+91 98450 #####", "0033 1 42 34 ## ##", "+61 2 9374 ####"]
    )  # fmt: skip
    return "".join(digit(random) if one == "#" else one for one in form)


PERSONAL: dict[str, Maker] = {
    "e-mail": _form("Write to ", _email, "."),
    "telephone": _form("Call ", _phone, " before noon."),
    "card": _form("Card ", _card, " was charged."),
    "IBAN": _form("Pay to ", _iban, " by Friday."),
    "US SSN": _form("SSN ", _ssn, "."),
    "Spanish DNI": _form("DNI ", _dni, "."),
}
NO_PERSONAL: dict[str, Maker] = {
    "reserved or role's address": lambda random: random.choice(
        ["jane@example.com", "me@localhost.test", "info@acme-tools.io", "no-reply@acme-tools.io"]
    ),
    "card without check digit": _form("Order ", _no_card, " was sent."),
    "timestamp": _form('"@timestamp": ', lambda random: str(1700000000000 + random.randrange(10**10))),
    "version or address": lambda random: ".".join(str(random.randrange(1, 255)) for _ in range(4)),
    "date and time": lambda random: (
        f"2024-{random.randrange(1, 13):02d}-{random.randrange(1, 29):02d} 12:34:56"
    ),
    "long number": _form("n = ", _drawn("123456789", 1), _drawn(string.digits, 11)),
    "sums of money": lambda random: " ".join(f"{random.randrange(100, 999)},{n}00" for n in range(1, 5)),
}

NOTICES = (
    "© {year} Globex Corporation. All rights reserved. No part of this page may be copied without consent.",
    "This document is confidential and meant only for the staff of Globex and its partners.",
    "Was this page helpful? Send your feedback to the documentation team. Edit this page on the wiki.",
    "Home | Products | Downloads | Support | About Globex | Careers | Imprint",
    "Globex Technical Documentation, printed copies are not controlled.",
)


def notice(random: Random) -> str:
    """Boilerplate of a company: the same sentences on each of its pages."""
    return "\n\n".join(
        NOTICES[place].format(year=2024) for place in sorted(random.sample(range(len(NOTICES)), 3))
    )


def reworded(text: str, rate: float, words: Sequence[str], random: Random) -> str:
    """The text with this share of its plain words replaced by other words; numbers and line ends stay."""
    return " ".join(
        random.choice(words) if one.isalpha() and random.random() < rate else one for one in text.split(" ")
    )


def renumbered(text: str) -> str:
    """The text with other digits in the place of its own."""
    return text.translate(str.maketrans("0123456789", "1234567890"))
