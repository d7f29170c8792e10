"""How a file of labelled rows is laid out: which of its fields is what, and which rows are used."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag.errors import InvalidInput, NotFound
from rag.types import Label

OURS = ("question", "response", "contexts", "sentences", "reference", "label", "group", "source")
"""`sentences` are the evidence's sentences in order, to be put together to passages; `contexts` are
passages.
"""
NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "user_input"),
    "response": ("response", "answer", "claim", "hypothesis"),
    "contexts": ("contexts", "retrieved_contexts", "passages", "context", "evidence", "premise", "passage"),
    "sentences": (),
    "reference": ("reference",),
    "label": ("label",),
    "group": ("group",),
    "source": ("source",),
}
"""The names that a field is looked for under, when none is given."""

VERDICTS: Mapping[str, Label] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "unsupported": "unsupported",
    "entailment": "supported",
    "contradiction": "contradicted",
    "neutral": "unsupported",
}
"""Class names that are understood without saying which are positive."""
SUPPORTED = ("supported", "entailment")

_CONDITION = re.compile(r"(?:crc32\((?P<hashed>[\w.]+)\)%(?P<parts>\d+)|(?P<name>[\w.]+))=(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Condition:
    """A row is used where its field has this value or, with `parts`, where the CRC-32 of the field's text
    leaves this remainder: the rule by which adapt/ keeps groups out of training.
    """

    name: str
    value: str
    parts: int | None = None

    def __str__(self) -> str:
        return f"crc32({self.name})%{self.parts}={self.value}" if self.parts else f"{self.name}={self.value}"

    def holds(self, text: str) -> bool:
        """Whether a row whose field has this text is used."""
        if self.parts is None:
            return text == self.value
        return zlib.crc32(text.encode()) % self.parts == int(self.value)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in a row, which labels mean "yes", and which rows are used.

    `names` maps our field to theirs. With `positive` the label is a class name; without it a number.
    `verdicts` maps class names to the checker's labels. `metrics` are scored when none is asked for. `seen`
    says what the shipped models have seen of the rows that are left.
    """

    name: str
    names: Mapping[str, str] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    verdicts: Mapping[str, Label] = field(default_factory=dict)
    where: tuple[Condition, ...] = ()
    slices: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("support",)
    seen: str = ""

    def with_names(self, given: Mapping[str, str]) -> Layout:
        """This layout with other fields; an empty name means that there is none. Raises InvalidInput
        `unknown_field`.
        """
        for name in given:
            if name not in OURS:
                raise InvalidInput(
                    f"There is no field {name!r} to map to; known are {', '.join(OURS)}.",
                    code="unknown_field",
                )
        return replace(self, names={**self.names, **given})


def parse_condition(text: str) -> Condition:
    """`FIELD=VALUE` or `crc32(FIELD)%PARTS=N`. Raises InvalidInput `bad_condition`."""
    found = _CONDITION.fullmatch(text)
    parts = int(found["parts"]) if found and found["parts"] else None
    if found is None or (parts is not None and not found["value"].isdecimal()) or parts == 0:
        raise InvalidInput(f"{text!r} is neither FIELD=VALUE nor crc32(FIELD)%PARTS=N.", code="bad_condition")
    return Condition(found["hashed"] or found["name"], found["value"], parts)


_CLAIM = {"response": "hypothesis", "contexts": "premise"}
_KEPT = "kept part of a source whose other rows trained the checker"
_ANSWERS = ("context_relevance",)
KNOWN = {
    layout.name: layout
    for layout in (
        Layout(
            "begin_v1",
            {"question": "message", "contexts": "context", "group": "context"},
            SUPPORTED,
            {
                **VERDICTS,
                "hallucination": "unsupported",
                "generic": "unsupported",
                "off-topic": "unsupported",
            },
            (Condition("context", "0", 2),),
            seen=_KEPT,
        ),
        Layout(
            "wice_claims",
            {"response": "claim", "sentences": "evidence", "contexts": ""},
            SUPPORTED,
            seen="never trained on (dev part; the word marks of other WiCE claims were)",
        ),
        Layout(
            "snli_devtest",
            {**_CLAIM, "group": "premise"},
            SUPPORTED,
            VERDICTS,
            (Condition("split", "test"),),
            seen="kept part (test) of a source whose dev part trained the checker",
        ),
        Layout(
            "stsb",
            {"response": "b", "reference": "a", "contexts": "a", "label": "score", "group": "a"},
            where=(Condition("split", "test"),),
            metrics=("support", "bert_score"),
            seen="no net was trained on it; some of its train and dev rows helped to fit the checker's head",
        ),
        Layout(
            "fm2_claims",
            {"response": "claim", "sentences": "evidence", "contexts": ""},
            SUPPORTED,
            VERDICTS,
            (Condition("split", "test"),),
            seen="kept part (test) of a source whose dev part trained the checker",
        ),
        Layout("climate_fever", _CLAIM, SUPPORTED, VERDICTS, (Condition("group", "0", 2),), seen=_KEPT),
        Layout(
            "healthver_devtest",
            {**_CLAIM, "group": "question"},
            SUPPORTED,
            VERDICTS,
            (Condition("question", "0", 2),),
            seen=_KEPT,
        ),
        Layout(
            "covidfact",
            {**_CLAIM, "group": "premise"},
            SUPPORTED,
            VERDICTS,
            (Condition("split", "dev"),),
            seen="kept part (dev) of a source whose train part trained the checker",
        ),
        Layout(
            "wikiqa",
            {"response": "", "contexts": "passage", "group": "qid"},
            where=(Condition("split", "test"),),
            metrics=_ANSWERS,
            seen="kept part (test) of a source whose train part trained encoder and reader",
        ),
        Layout(
            "trecqa",
            {"response": "", "contexts": "passage", "group": "qid"},
            where=(Condition("split", "test"),),
            metrics=_ANSWERS,
            seen="kept part (test) of a source whose train part trained encoder and reader",
        ),
        Layout(
            "clapnq_dev",
            {"response": "", "contexts": "context"},
            ("answerable",),
            metrics=_ANSWERS,
            seen="never trained on",
        ),
        Layout(
            "mrpc",
            {"response": "b", "reference": "a", "contexts": "a"},
            where=(Condition("split", "test"),),
            metrics=("support", "bert_score"),
            seen="no net was trained on it; some of its train rows helped to fit the checker's head",
        ),
    )
}
"""Public sets by the stem of their file; `--layout NAME` takes one for a file of another name."""


def layout_of(path: Path, name: str | None) -> Layout:
    """The layout of that name, else the one known by the file's name, else our own. Raises NotFound
    `unknown_layout`.
    """
    if name is not None and name not in KNOWN:
        raise NotFound(f"There is no layout {name!r}; known are {', '.join(KNOWN)}.", code="unknown_layout")
    stem = path.name.split(".")[0]
    return KNOWN.get(name or stem, Layout(stem))
