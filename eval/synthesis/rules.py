"""Questions from single sentences and table rows, by rules that keep the own words of the text.

In the manner of rule-based question generation (Heilman and Smith 2010, "Good Question!"), without a parser:
each rule knows one form of sentence. The form is strict, as a collection has sentences to spare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from eval.synthesis import clauses as forms
from eval.synthesis.clauses import Clause, base_of, clause_of, is_subject
from eval.synthesis.lexicon import Lexicon, words
from eval.synthesis.passages import Draft, Passage, PassageSentence, plain, sentences_of, stands_alone
from eval.synthesis.slots import slots
from rag.text.rows import cells, is_row
from rag.text.words import STOP_WORDS, stem


@dataclass(frozen=True, slots=True)
class GeneratedQuestion:
    """A question and its answer; `frame` has `{}` in the place of `subject`."""

    question: str
    reference: str
    rule: str
    subject: str = ""
    frame: str = ""


Rule = Callable[[str, Lexicon], Iterator[GeneratedQuestion]]

_DUTY = re.compile(r"you (must|should|need to|have to|can)\b (?:also |then |first )?(.+)", re.IGNORECASE)
_TO = re.compile(r"(?:In order to|To) ((?:[a-z]+ly )?([a-z]+)\b [^,]{4,90}), (.{12,})")
_USE = re.compile(
    r"(You can use|Use|Set|Add|Run|Call|Send|Enable|Specify|Provide|Press|Pull|Turn)"
    r" (.{3,80}?) to ([a-z]+) (.{6,90})"
)
_IF = re.compile(r"(If|When|Once|After|Unless) ([^,]{12,110}), (?:then )?(.{12,})")
_DOING = re.compile(r"(Before|After|When) ([a-z]+ing [^,]{6,90}), (.{12,})")
_IS = re.compile(r"(.{2,60}?) (is|are|was|were) ((?:an?|the|one of the) .{18,})")
_NO_DEFINITION = re.compile(
    r"(?:the|a) (?:same|first|last|most|only|case|result|next|default|reason|\w+est)\b", re.IGNORECASE
)
_LETS = re.compile(r"(.{2,60}?) (lets?|allows?|enables?) (?:you|users) (?:to )?([a-z]+ .{10,})")
_DID = (
    r"(?:wrote|founded|directed|composed|invented|discovered|designed|produced|painted|played|sang|led|won)"
)
_SOMEONE = re.compile(rf"({forms.NAME}) ({_DID}) ([^,]{{6,80}})")
_OFFICE = re.compile(r"The ([a-z]+(?: [a-z]+){0,3}), ([A-Z][a-z'’-]+(?: [A-Z][a-z'’-]+){1,2}), [a-z].*")
_TAIL = re.compile(
    r", (?:and|but|so|which|where|while|whereas|who|as|with|making|allowing|including|although) .+"
)
"""What a sentence can do without."""
_SHORT = 12
"""Words of a rest that is repeated in a question."""
_FRONT = re.compile(r"((?:In|On|During|By|At|Since|For|Until) [^,]{3,45}), (.{12,})")
_VAGUE = words(
    """learn see get do view understand illustrate summarize demonstrate begin start follow be help make use
    configure"""
)
_NO_PURPOSE = words(
    "want need able ability likely going ready way order request requests set up according due equal used"
)
_MAY_BE_OPEN = ("used_for", "what", "agent")
_OPEN = re.compile(
    r"(?:\b(?:for|except|only|and|or|the|to|of|with|as|at|in|on|even|both|either|especially)|,) ?\?$"
)
_LEANS = re.compile(
    r"\bthat \w+\?$|"
    r"\b(?:it|they|them|itself|themselves|such|another|so|also|instead|then|however|again)\b"
    r"|[,;]\?$|\b(\w+) \1\b|\w [‘'’] ",
    re.IGNORECASE,
)
_LOOSE = re.compile(r"(?:it|they|this|these|that|as follows|one of the following)\b", re.IGNORECASE)


def questions_of(sentence: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """The questions that a sentence answers and that can be understood without it."""
    whole = list(_fit(sentence, lexicon))
    tail = _TAIL.search(sentence)
    yield from whole or (_fit(sentence[: tail.start()], lexicon) if tail else ())


def _fit(sentence: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    for rule in (_purpose, _means, _condition, _occasion, _definition, _lets, _someone, _office, _turned):
        for found in rule(sentence, lexicon):
            if is_fit(found):
                yield replace(found, reference=opened(found.reference))


def is_fit(found: GeneratedQuestion) -> bool:
    """Whether question and answer are whole, stand by themselves and have a length that people use."""
    question, answer = found.question, found.reference
    short = 4 <= len(question.split()) <= 24 and 1 <= len(answer.split()) <= 40
    whole = all(text.count("(") == text.count(")") for text in (question, answer))
    alone = stands_alone(question) and stands_alone(answer)
    cut_off = found.rule not in _MAY_BE_OPEN and _OPEN.search(question)
    return short and whole and alone and not (cut_off or _LEANS.search(question) or _LOOSE.match(answer))


def opened(text: str) -> str:
    """The answer with a capital first letter, where that is a plain word."""
    return _capital(text) if text.split()[0].isalpha() else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _purpose(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """To VERB …, do … : How do you VERB …?"""
    found = _TO.fullmatch(text)
    if found and found[2] not in _VAGUE | STOP_WORDS:
        answer = _instruction(found[3], lexicon)
        if answer:
            yield GeneratedQuestion(f"How do you {found[1]}?", answer, "how_to")


def _means(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """Use X to VERB … : How do you VERB …? You can use X to VERB … : What can you use to VERB …?"""
    found = _USE.fullmatch(text)
    if not found or found[3] not in lexicon.verbs - _VAGUE or found[2].split()[-1] in _NO_PURPOSE:
        return
    if found[1] == "You can use":
        yield GeneratedQuestion(f"What can you use to {found[3]} {found[4]}?", found[2], "means")
    else:
        yield GeneratedQuestion(f"How do you {found[3]} {found[4]}?", f"{found[1]} {found[2]}", "how_to")


def _condition(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """If …, … : What happens if …? or, where somebody is to act: What should you do if …?"""
    found = _IF.fullmatch(text)
    if not found or found[2].split()[0].endswith("ing") or _LEANS.match(found[2]):
        return
    if not found[2].startswith("you ") and clause_of(_capital(found[2]), lexicon) is None:
        return
    when, answer = f"{found[1].lower()} {lexicon.in_a_sentence(found[2])}", found[3]
    if duty := _DUTY.fullmatch(answer):
        modal = duty[1].lower()
        question = f"What do you {modal} do {when}?" if " " in modal else f"What {modal} you do {when}?"
        yield GeneratedQuestion(question, duty[2], "condition")
    elif _instruction(answer, lexicon):
        yield GeneratedQuestion(f"What should you do {when}?", answer, "condition")
    elif clause := clause_of(_capital(answer), lexicon):
        happens = "happened" if clause.aux in ("was", "were", "did", "had") else "happens"
        yield GeneratedQuestion(f"What {happens} {when}?", answer, "condition")


def _occasion(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """Before doing …, do … : What should you do before doing …?"""
    found = _DOING.fullmatch(text)
    answer = _instruction(found[3], lexicon) if found else None
    if found and answer:
        yield GeneratedQuestion(f"What should you do {found[1].lower()} {found[2]}?", answer, "occasion")


def _instruction(text: str, lexicon: Lexicon) -> str | None:
    """What somebody is told to do, as an order; None where nobody is told anything."""
    duty = _DUTY.fullmatch(text)
    order = duty[2] if duty else text
    first = order.split()[0]
    done = first.islower() and first in lexicon.verbs and first not in ("see", "refer")
    return order if done and stands_alone(order) else None


def _definition(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """X is a … : What is X? Who, where the definition says so."""
    found = _IS.fullmatch(text)
    if found and is_subject(found[1], lexicon) and not _NO_DEFINITION.match(found[3]):
        subject = lexicon.in_a_sentence(found[1])
        what = "Who" if {"who", "whose"} & set(found[3].split()) else "What"
        frame = f"{what} {found[2]} {{}}?"
        yield GeneratedQuestion(frame.format(subject), found[3], "definition", subject, frame)


def _lets(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """X lets you … : What does X let you do?"""
    found = _LETS.fullmatch(text)
    if found and is_subject(found[1], lexicon):
        subject, verb = lexicon.in_a_sentence(found[1]), found[2].removesuffix("s")
        does, to = "does" if found[2].endswith("s") else "do", "" if verb == "let" else "to "
        frame = f"What {does} {{}} {verb} you {to}do?"
        yield GeneratedQuestion(frame.format(subject), found[3], "lets", subject, frame)


def _someone(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """NAME founded … : Who founded …?"""
    found = _SOMEONE.fullmatch(text)
    if found and not found[1].startswith("The "):
        yield GeneratedQuestion(f"Who {found[2]} {found[3]}?", found[1], "who")


def _office(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """The OFFICE, NAME, … : Who is the OFFICE?"""
    if found := _OFFICE.fullmatch(text):
        yield GeneratedQuestion(f"Who is the {found[1]}?", found[2], "who")


def _turned(text: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    """A clause turned round; what stands before it goes to its end, or is asked for when it is a time."""
    front = _FRONT.fullmatch(text)
    clause = clause_of(_capital(front[2]) if front else text, lexicon)
    if clause is None or "not" in clause.rest.split()[:2]:
        return
    if front:
        yield from _fronted(clause, lexicon.in_a_sentence(front[1]), lexicon)
        return
    for slot in slots(clause, lexicon):
        if clause.subject != "you" or slot.rule in ("why", "how", "when", "how_often"):
            question, frame = clause.asked(slot.opening, slot.rest), clause.frame(slot.opening, slot.rest)
            yield GeneratedQuestion(question, slot.answer, slot.rule, clause.subject, frame)


def _fronted(clause: Clause, front: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    if forms.DATE.fullmatch(front) and "," not in clause.rest and len(clause.rest.split()) <= _SHORT:
        question, frame = clause.asked("When", clause.rest), clause.frame("When", clause.rest)
        yield GeneratedQuestion(question, front, "when", clause.subject, frame)
        return
    for slot in slots(clause, lexicon):
        if slot.rule not in ("when", "why", "how_often") and "," not in slot.rest:
            rest = f"{slot.rest} {front}".strip()
            yield GeneratedQuestion(clause.asked(slot.opening, rest), slot.answer, slot.rule, clause.subject)


def drafts_of(passage: Passage, lexicon: Lexicon) -> Iterator[Draft]:
    """All questions of a passage."""
    for sentence in sentences_of(passage.text):
        for asked in questions_of(sentence.text, lexicon):
            yield _to_draft(passage, sentence, asked)
    for row, asked in rows_of(passage.text, lexicon):
        yield _to_draft(passage, row, asked)


def _to_draft(passage: Passage, place: PassageSentence, asked: GeneratedQuestion) -> Draft:
    return Draft(
        asked.question,
        asked.reference,
        asked.rule,
        passage,
        place.start,
        place.end,
        asked.subject,
        asked.frame,
    )


_KINDS = re.compile(
    r"(?:.* )?(parameter|setting|field|property|option|argument|attribute|metric|variable|flag|statistic)s?",
    re.IGNORECASE,
)
_SAYS = re.compile(r"description|meaning|purpose|explanation", re.IGNORECASE)
_PARAMETER_NAME = re.compile(r"[\w.$-]{5,60}")
_DEFAULT = re.compile(
    r"\b(?:The default(?: value)?|Default) (?:is|=) ?"
    r"([\w.:%-]+(?: (?:seconds?|minutes?|hours?|days?|bytes))?)"
)
_NOTHING = frozenset(("", "-", "–", "—", "n/a", "none", "null", "no", "yes", "required", "varies"))


def rows_of(text: str, lexicon: Lexicon) -> Iterator[tuple[PassageSentence, GeneratedQuestion]]:
    """Each row of the passage's tables with the questions that it answers."""
    header: tuple[str, ...] | None = None
    at = 0
    for line in text.splitlines(keepends=True):
        start, at = at, at + len(line)
        if not is_row(line):
            header = None
        elif header is None:
            header = cells(line)
        elif len(row := cells(line)) == len(header) and not set("".join(row)) <= set("-: "):
            place = PassageSentence(plain(line), start, start + len(line.rstrip()))
            yield from ((place, asked) for asked in _of_row(header, row, lexicon))


def _of_row(header: tuple[str, ...], row: tuple[str, ...], lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    kind = _KINDS.fullmatch(header[0])
    columns = [n for n, name in enumerate(header) if n and _SAYS.search(name)]
    if (
        not kind
        or not columns
        or not _PARAMETER_NAME.fullmatch(row[0])
        or lexicon.documents[stem(row[0].lower())] > 1
    ):
        return
    subject, told = f"the {row[0]} {kind[1].lower()}", plain(row[columns[0]])
    yield from _meaning(subject, told, lexicon)
    given = next((row[n] for n, name in enumerate(header) if name.lower().startswith("default")), "")
    in_text = _DEFAULT.search(told)
    default = given or (in_text[1].rstrip(".") if in_text else "")
    if default.lower() not in _NOTHING and len(default.split()) <= 4:
        frame = "What is the default value of {}?"
        yield GeneratedQuestion(frame.format(subject), default.rstrip("."), "default", subject, frame)


def _meaning(subject: str, told: str, lexicon: Lexicon) -> Iterator[GeneratedQuestion]:
    first = re.split(r"(?<=[.!?]) ", told)[0].rstrip(".")
    words = first.split()
    if not 4 <= len(words) <= 35 or not stands_alone(first) or first.count("(") != first.count(")"):
        return
    verb = base_of(words[0].lower(), lexicon)
    if verb is not None and verb[1] == "does":
        frame = "What does {} do?"
    elif words[0] == "Whether":
        frame = "What does {} control?"
    elif words[0] in ("The", "A", "An"):
        frame = "What is {}?"
    else:
        return
    yield GeneratedQuestion(frame.format(subject), first, "parameter", subject, frame)
