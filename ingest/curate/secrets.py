"""Secrets: keys and tokens of known forms by the rules of detect-secrets, and passwords that are assigned.

Its entropy and keyword rules are left out: in prose and documentation they find little else than examples.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

from rag.types import Finding

_DETECTORS = (
    AWSKeyDetector, AzureStorageKeyDetector, BasicAuthDetector, DiscordBotTokenDetector, GitHubTokenDetector,
    GitLabTokenDetector, JwtTokenDetector, MailchimpDetector, NpmDetector, OpenAIDetector, PrivateKeyDetector,
    PypiTokenDetector, SendGridDetector, SlackDetector, SquareOAuthDetector, StripeDetector,
    TwilioKeyDetector,
)  # fmt: skip
# Forms that are younger than the rules above.
_FORMS = {
    "GitHub Token": re.compile(r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"),
    "Google API Key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}(?![\w-])"),
    "Anthropic API Key": re.compile(r"\bsk-ant-[A-Za-z0-9_-]{24,}\b"),
    "OpenAI Token": re.compile(r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"),
    "Hugging Face Token": re.compile(r"\bhf_[A-Za-z0-9]{34}\b"),
    "Telegram Bot Token": re.compile(r"\b\d{8,10}:[0-9A-Za-z_-]{35}(?![\w-])"),
}
_ASSIGNED = re.compile(
    r"(?P<name>pass(?:word|wd|phrase|wort)|\bpwd|kennwort|contraseña|mot de passe|secret|api[_-]?key"
    r"|access[_-]?key|auth[_-]?key|account[_-]?key|private[_-]?key|token)\w{0,20}[\"'`*]{0,3}\s{0,3}(?::=|=>|=|:|\bis\b)\s{0,3}"
    r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;]{8,128})",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|changeme|change_me|redacted|your|my_|mypass|mysecret|pass(?:word|wd)|secret"
    r"|x{4,}|\*{3,}|\.{3}|…|(.)\1{5,}|0123456|1234567|abcdef|[<>{}$()\[\]]|^https?:|^[/\\~]|-test|^test",
    re.IGNORECASE,
)
_MOST = 20


def find(text: str) -> list[Finding]:
    """Each secret's place in the text and its kind, at most 20; examples and placeholders are none."""
    found: dict[tuple[int, int], str] = {}
    for kind, start, end in (*_known(text), *_assigned(text)):
        if not any(start < other[1] and other[0] < end for other in found):
            found[start, end] = kind
    return [Finding("secret", kind, *span) for span, kind in sorted(found.items())][:_MOST]


def _known(text: str) -> Iterator[tuple[str, int, int]]:
    for kind, form in _FORMS.items():
        for match in form.finditer(text):
            if not _is_example(match.group()):
                yield kind, match.start(), match.end()
    for detector in _detectors():
        for form in detector.denylist:
            for match in form.finditer(text):
                if _is_real(detector, match):
                    yield str(detector.secret_type), match.start(), match.end()


def _is_real(detector: RegexBasedDetector, match: re.Match[str]) -> bool:
    """Whether it is no example; a private key shows nothing but its first line."""
    if isinstance(detector, PrivateKeyDetector):
        return True
    if isinstance(detector, JwtTokenDetector):
        return bool(detector.is_formally_valid(match.group()))
    return not _is_example(match.group(1) if isinstance(detector, BasicAuthDetector) else match.group())


def _is_example(value: str) -> bool:
    return len(set(value)) < 6 or bool(_PLACEHOLDER.search(value))


def _assigned(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _ASSIGNED.finditer(text):
        value = match["value"].rstrip(".:!?)")
        if _is_strong(value) and not _PLACEHOLDER.search(value):
            yield "Password or key", match.start("value"), match.start("value") + len(value)


def _is_strong(value: str) -> bool:
    """Letters and digits mixed, and no word with a number behind it."""
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
    if len(value) < 8 or kinds < 2 or not re.search("[0-9]", value) or not re.search("[a-zA-Z]", value):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy >= 2.7 and (kinds >= 3 or len(value) >= 16)


@cache
def _detectors() -> tuple[RegexBasedDetector, ...]:
    return tuple(detector() for detector in _DETECTORS)
