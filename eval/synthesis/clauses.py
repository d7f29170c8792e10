"""A sentence as subject, verb and rest, by rules: enough to turn it round into a question.

What the rules are not sure of is no clause: a wrong cut makes a question that nobody would ask.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eval.synthesis.lexicon import Lexicon, words

AUXILIARIES = words("is are was were can must should will may has have had could would")
_MODALS = {"may": "can", "could": "could", "would": "would"}
_IRREGULAR = {
    "began": "begin", "bought": "buy", "built": "build", "became": "become", "came": "come", "drew": "draw",
    "fell": "fall", "found": "find", "gave": "give", "grew": "grow", "held": "hold", "kept": "keep",
    "led": "lead", "left": "leave", "lost": "lose", "made": "make", "met": "meet", "paid": "pay",
    "ran": "run", "rose": "rise", "said": "say", "sang": "sing", "sent": "send", "sold": "sell",
    "spent": "spend", "stood": "stand", "took": "take", "told": "tell", "went": "go", "won": "win",
    "wrote": "write", "wore": "wear", "drove": "drive",
}  # fmt: skip
_SURE = words(
    """accepts allows applies consists contains converts costs creates defines depends describes determines
    displays employs enables ensures exists executes extends extracts follows gives handles has helps
    holds identifies improves includes indicates keeps lasts lets lies listens makes means manages needs
    occurs offers opens overrides pays performs prevents produces protects provides receives reduces
    refers relies removes represents requires retrieves sails serves specifies stays stores supports
    takes tells uses validates weighs works writes"""
)
"""Verbs that are hardly ever nouns."""
_AFTER_VERB = words(
    """a an the all any both each every one two three four five six seven eight nine ten no your their its
    whether how what that in on at to from for by with within about up only more most at as into through
    out over under above below between against after before during until near"""
)
_NO_SUBJECT = words(
    """each every its their one between among over under about like despite within without throughout
    across through until upon per except now near once it they he she we i you there that which who if
    when while because although since unless as but or so then thus however also therefore finally
    first second third next otherwise instead note using what how why where whether not this these those
    such to in on at for from by with after before during"""
)
_GENERIC = words(
    """amount api apis argument attribute attributes case cases change client cluster command component data
    default document documents effect endpoint example examples feature features field fields file files
    function goal group index information input item items key limit list main method mode model name
    names node nodes number object operation option options output page parameter parameters path plugin
    policy process processor property query reason request requests response result results rule rules
    score section server service setting settings system table task tasks template tool type user users
    value values version way work"""
)
_WORDS = re.compile(r"[\w.'’/&%+-]+")
_MOST_SUBJECT = 7
_ADVERBS = words("automatically always usually typically often generally currently also now only")
"""Adverbs that a question can do without."""
_RARE = 3.5
"""Rarity of a word that can stand for itself: one document in 33 has it."""
_VERBAL = AUXILIARIES | words("do does did not step first last")
"""Words that a subject does not have: another verb, or a place in a list that is not there."""
_NO_CLAUSE = words("that which who whom whose if when while because although where how there it they")
_FUNCTION = words("a an the of in on for and or to each every all any no your both default same")
_CLAUSE_WORD = words("that which who when if because where")
_PLURALS = words("people staff children crew men women")


@dataclass(frozen=True, slots=True)
class Clause:
    """`subject` begins small unless it is a name; `aux` and `verb` make a question of it: "does" and "keep",
    or "is" and "" where the auxiliary stands alone.
    """

    subject: str
    aux: str
    verb: str
    rest: str

    def asked(self, opening: str, rest: str) -> str:
        """The question: opening, auxiliary, subject, verb, rest."""
        return _joined(opening, self.aux, self.subject, self.verb, rest) + "?"

    def frame(self, opening: str, rest: str) -> str:
        """The question with `{}` for the subject."""
        return _joined(opening, self.aux, "{}", self.verb, rest) + "?"


def clause_of(text: str, lexicon: Lexicon) -> Clause | None:
    """The clause that a sentence is, if its subject and verb can be told."""
    said = text.split()
    for place in range(1, min(len(said) - 1, _MOST_SUBJECT + 1)):
        found = _verb(said[:place], said[place], said[place + 1 :], lexicon)
        if found is not None:
            return _clause(" ".join(said[:place]), *found, said[place + 1 :], lexicon)
    return None


def _clause(subject: str, aux: str, base: str, rest: list[str], lexicon: Lexicon) -> Clause | None:
    if subject == "You":
        subject = "you"
    elif is_subject(subject, lexicon) and not (aux in _SINGULAR and {"and", "or"} & set(subject.split())):
        subject = lexicon.in_a_sentence(subject)
    else:
        return None
    body = rest[1:] if rest[0] in _ADVERBS and aux in AUXILIARIES else rest
    return Clause(subject, aux, base, " ".join(body)) if body and "never" not in rest else None


_SINGULAR = words("is was does has")


def is_subject(text: str, lexicon: Lexicon) -> bool:
    """Whether a text can be asked about by itself: a short noun phrase that names something in particular."""
    said = text.split()
    small = [word.lower() for word in said]
    if not 1 <= len(said) <= _MOST_SUBJECT or not all(map(_WORDS.fullmatch, said)):
        return False
    if (
        small[0] in _NO_SUBJECT
        or "other" in small
        or small[-1] in ("and", "or")
        or (_NO_CLAUSE | _VERBAL) & set(small)
        or small[0].endswith("ing")
    ):
        return False
    if any(word.endswith("ly") and not lexicon.is_name(word) for word in said) or _opens_with_verb(
        said, lexicon
    ):
        return False
    telling = [word for word in said if word.lower() not in _FUNCTION | _GENERIC]
    rare = min(_RARE, lexicon.rarest - 0.3)
    return len(telling) >= 2 or any(lexicon.is_name(word) or lexicon.rarity(word) >= rare for word in telling)


def _opens_with_verb(said: list[str], lexicon: Lexicon) -> bool:
    """Whether this is a description without a subject, such as "Indicates whether …"."""
    found = base_of(said[0].lower(), lexicon) if len(said) > 1 and said[0][1:].islower() else None
    return found is not None and found[1] == "does"


def base_of(verb: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """The base of a verb in the third person or the past, and the "does" or "did" that goes with it."""
    if verb == "has":
        return "have", "does"
    if verb in _IRREGULAR:
        return _IRREGULAR[verb], "did"
    third, past = _third_bases(verb), _past_bases(verb)
    for base in (*third, *past):
        if base in lexicon.verbs:
            return base, "does" if base in third else "did"
    return None


def _third_bases(verb: str) -> list[str]:
    if verb.endswith("ies"):
        return [verb[:-3] + "y"]
    plain = [verb[:-1]] if verb.endswith("s") and not verb.endswith(("ss", "us", "is")) else []
    return [*plain, verb[:-2]] if verb.endswith("es") else plain


def _past_bases(verb: str) -> list[str]:
    if not verb.endswith("ed"):
        return []
    doubled = [verb[:-3]] if verb[-3:-2] == verb[-4:-3] else []
    return [verb[:-1], verb[:-2], *doubled, verb[:-3] + "y"]


def _verb(subject: list[str], verb: str, rest: list[str], lexicon: Lexicon) -> tuple[str, str] | None:
    """What a question puts in the place of a word that is the clause's verb: auxiliary and base."""
    if rest[0] in ("and", "or", "how", "what", "whether"):
        return None
    if verb in AUXILIARIES:
        return _auxiliary(verb, rest[0])
    is_noun = rest[0] in AUXILIARIES | lexicon.verbs and rest[0] not in _AFTER_VERB
    if is_noun:
        return None
    follows = rest[0].lower() in _AFTER_VERB or rest[0][0].isupper() or rest[0][0] in "0123456789£$€"
    found = base_of(verb, lexicon)
    if found is not None and (verb in _SURE or follows):
        unclear = found[1] == "did" and bool(AUXILIARIES & set(rest)) and not _CLAUSE_WORD & set(rest)
        return None if unclear else (found[1], found[0])
    plural = subject[-1].endswith("s") or subject[-1].lower() in _PLURALS
    return ("do", verb) if plural and follows and f"{verb}s" in _SURE and verb in lexicon.verbs else None


def _auxiliary(verb: str, after: str) -> tuple[str, str]:
    """ "has" takes "does" where it is no auxiliary."""
    if verb not in _HAVE or re.fullmatch(r"[a-z]+(?:ed|en|ly)|been|not", after):
        return _MODALS.get(verb, verb), ""
    return _HAVE[verb], "have"


_HAVE = {"has": "does", "have": "do", "had": "did"}


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
FIGURE = (
    r"(?:\d[\d,]*(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty"
    r"|forty|fifty|sixty|hundred)"
)
ABOUT = r"(?:(?:about|at least|at most|up to|over|under|nearly|almost|exactly|more than|less than|only) )?"
NAME = r"[A-Z][\w.'’-]+(?: (?:of|de|van|von|the|[A-Z][\w.'’-]+)){0,3} [A-Z][\w'’-]+"
UNITS = r"(?:second|minute|hour|day|week|month|year)"
_DATE = rf"(?:(?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}},?)?(?: \d{{4}})?|\d{{4}})"
_SCALE = r"(?: (?:million|billion|thousand|hundred))?"

AMOUNT = re.compile(rf"({ABOUT}{FIGURE}{_SCALE}) ([a-z][a-z-]+(?: [a-z-]+s)?)(?= |$)(.*)")
VALUE = re.compile(rf"{ABOUT}{FIGURE}(?: [\w%°]+){{0,2}}")
DATE = re.compile(
    rf"(.*?)\s?((?:in|on|since|until|by) (?:early |late )?"
    rf"(?:{_DATE}|the \d{{1,2}}(?:st|nd|rd|th)(?: century)?))"
)
OFTEN = re.compile(rf"(.*?)\s?(every (?:{FIGURE} )?(?:{UNITS}|night|morning)s?)")
WITHIN = re.compile(rf"(.*?)\s?(within|after|for) ({ABOUT}{FIGURE}) ({UNITS})s?")
WHY = re.compile(r"([^,]+?),? because (?!of\b)(.{12,})")
HOW = re.compile(r"([^,]+?) ((?:by [a-z]+ing|using|with the help of) [^,]{6,})")
CONDITION = re.compile(r"([^,]+?),? ((?:when|if|unless|until|as soon as|whenever) .{10,})")
PLACE = re.compile(
    r"(\w+) ((?:in|on|at|under|inside|below|above|beside|near) (?!\d|order\b|addition\b|accordance\b)"
    r"(?!.*\b(?:format|mode|case|manner|way)$).{4,60})"
)
PLACE_OF_OBJECT = re.compile(r"([^,]{4,60}?) ((?:in|under|inside|beside) the [^,]{3,50})")
USE = re.compile(r"used (?:only )?(for|to) (.{8,})")
FIXED = re.compile(
    r"(made of|made from|based on|called|named|known as|composed of|limited to|derived from|divided into"
    r"|rated for|set to|followed by|replaced by|replaced with|caused by|written in|named after"
    r"|responsible for"
    r"|equal to|stored as|represented by|open to|valid from|valid for) (.{2,90})"
)
AGENT = re.compile(
    r"(\w+(?:ed|en|wn|lt|ung|ade|ent|ld|und|ought)) (?:(.{1,25}) )?by"
    r" ((?:an?|the|each|every|its|their|[A-Z]\S+) ?.{3,60})"
)
