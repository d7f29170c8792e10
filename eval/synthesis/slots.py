"""What can be asked of a clause: its reason, its way, its time, its place, its amount or its object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from eval.synthesis import clauses as forms
from eval.synthesis.clauses import AUXILIARIES, Clause, base_of
from eval.synthesis.lexicon import Lexicon, words
from rag.text.words import content_words

_PASSIVE = words("is are was were")
_PLACED = words(
    """buried born carried defined displayed found hidden held installed kept listed located moored placed
    saved shown stored stowed written built recorded filmed published"""
)
_KEPT = words("keep store put hold save place write locate display show install")
_NO_OBJECT = words(
    """be have happen occur exist help need try seem appear begin start continue say mean become get do tell
    give ask remind come go work remain"""
)
_PREPOSITIONS = words("to in on from with at of for by into that whether how what up out as")
_WITH_PREPOSITION = {
    "on": words("depend rely focus operate run"),
    "of": words("consist"),
    "to": words("belong apply refer point listen respond correspond"),
    "from": words("inherit benefit derive"),
    "for": words("stand"),
    "with": words("start begin end"),
}
_TELLS = words("describe explain discuss illustrate demonstrate introduce assume")
"""What texts do: their subject is the document itself."""
_SAYS_LITTLE = words("use provide offer support include have need give")
"""Verbs that ask for too much of a subject that many documents have."""
_WELL_KNOWN = 2.5
_IDIOMS = words("place part effect care access advantage")


@dataclass(frozen=True, slots=True)
class Slot:
    """A question about a clause: how it opens, what of the clause's rest stays, and the answer."""

    opening: str
    rest: str
    answer: str
    rule: str


def slots(clause: Clause, lexicon: Lexicon) -> Iterator[Slot]:
    """At most one slot: the first that the rest has, as what follows it is a part of the answer."""
    for find in (_reason, _time, _amount, _of_passive, _object):
        found = find(clause, lexicon)
        if found is not None and "only" not in found.rest.split():
            yield found
            return


def _reason(clause: Clause, _: Lexicon) -> Slot | None:
    if found := forms.WHY.fullmatch(clause.rest):
        return Slot("Why", found[1], f"because {found[2]}", "why")
    if clause.verb in _TELLS or " think " in clause.rest:
        return None
    if (found := forms.HOW.fullmatch(clause.rest)) and not (
        clause.aux in _PASSIVE and found[1].split()[0] in ("a", "an", "the")
    ):
        return Slot("How", found[1], found[2], "how")
    is_noun = clause.aux in _PASSIVE and clause.rest.split()[0] in ("a", "an", "the")
    if (found := forms.CONDITION.fullmatch(clause.rest)) and not is_noun:
        return Slot("When", found[1], found[2], "when")
    return None


def _time(clause: Clause, _: Lexicon) -> Slot | None:
    if found := forms.OFTEN.fullmatch(clause.rest):
        return Slot("How often", found[1], found[2], "how_often")
    if (found := forms.WITHIN.fullmatch(clause.rest)) and found[1]:
        unit = f"{found[4]}{'' if found[3] in ('one', '1') else 's'}"
        opening = "For how long" if found[2] == "for" else f"{found[2].capitalize()} how many {found[4]}s"
        return Slot(opening, found[1], f"{found[3]} {unit}", "how_long")
    found = forms.DATE.fullmatch(clause.rest)
    if found and (found[1] or not clause.verb) and "," not in found[1]:
        return Slot("When", found[1], found[2], "when")
    return None


def _amount(clause: Clause, _: Lexicon) -> Slot | None:
    """X holds 16 litres …: How many litres does X hold …? The limit is 20: What is the limit?"""
    if clause.aux in _PASSIVE and not clause.verb and forms.VALUE.fullmatch(clause.rest):
        return Slot("What", "", clause.rest, "value")
    found = forms.AMOUNT.fullmatch(clause.rest)
    if not found or not clause.verb or "," in found[3] or " and " in f" {found[3]} ":
        return None
    number, unit, rest = found[1], found[2], found[3].strip()
    if clause.verb in ("cost", "weigh"):
        return Slot("How much", rest, f"{number} {unit}", "amount")
    if clause.verb in ("last", "take") and re.fullmatch(f"{forms.UNITS}s?", unit):
        return Slot("How long", rest, f"{number} {unit}", "amount")
    if not (unit.split()[0].endswith("s") or unit in ("people", "children", "men", "women")):
        return None
    of = re.match(r"of [^,]+?(?= (?:in|on|at|each|every|per|with|from|to|when|if)\b|$)", rest)
    named, left = (f"{unit} {of[0]}", rest[of.end() :].strip()) if of else (unit, rest)
    return Slot(f"How many {named}", left, f"{number} {unit}", "amount")


def _of_passive(clause: Clause, _: Lexicon) -> Slot | None:
    if clause.aux not in _PASSIVE or clause.verb:
        return None
    if found := forms.USE.fullmatch(clause.rest):
        return Slot("What", "used for", f"{found[1]} {found[2]}", "used_for")
    if found := forms.FIXED.fullmatch(clause.rest):
        return Slot("What", found[1], found[2], "what")
    if found := forms.AGENT.fullmatch(clause.rest):
        who = "Who" if re.fullmatch(forms.NAME, found[3]) else "What"
        return Slot(who, " ".join(part for part in (found[1], found[2], "by") if part), found[3], "agent")
    found = forms.PLACE.fullmatch(clause.rest)
    return Slot("Where", found[1], found[2], "where") if found and found[1] in _PLACED else None


def _object(clause: Clause, lexicon: Lexicon) -> Slot | None:
    """X keeps Y in Z: Where does X keep Y? X returns Y: What does X return?"""
    if clause.verb in _KEPT and (found := forms.PLACE_OF_OBJECT.fullmatch(clause.rest)):
        return Slot("Where", found[1], found[2], "where")
    first, _, others = clause.rest.partition(" ")
    if clause.verb in _TELLS or (clause.verb in _SAYS_LITTLE and not _is_special(clause.subject, lexicon)):
        return None
    if not others or not clause.verb or clause.verb in _NO_OBJECT or first in _IDIOMS or first.endswith("ly"):
        return None
    if forms.AMOUNT.match(clause.rest):
        return None
    if first not in _PREPOSITIONS:
        return Slot("What", "", first_part(clause.rest, lexicon), "what")
    fits = clause.verb in _WITH_PREPOSITION.get(first, ())
    return Slot("What", first, first_part(others, lexicon), "what") if fits else None


def first_part(text: str, lexicon: Lexicon) -> str:
    """An object without what follows it: of "the input and returns it" and "the mill, and sold it" the
    beginning.
    """
    if text.count(",") == 1 and (found := _SECOND_CLAUSE.search(text)):
        return text[: found.start()]
    for found in re.finditer(r",? (?:and|but|or) (?:then |also |thus )?([a-z]+)\b", text):
        noun = re.match(r"\s(?:of|and|or|that)\b", text[found.end() :])
        verb = found[1] in AUXILIARIES | _DO or base_of(found[1], lexicon) is not None
        if verb and not noun and found.end() < len(text):
            return text[: found.start()]
    return text


_SECOND_CLAUSE = re.compile(r", (?:and|but|so|that|while|with|which|making) (?:\S+ ){2}")
_DO = words("does do did")


def _is_special(subject: str, lexicon: Lexicon) -> bool:
    """Whether few documents have one of a subject's words."""
    least = min(_WELL_KNOWN, lexicon.rarest - 0.3)
    return any(lexicon.rarity(word) >= least for word in content_words(subject))
