"""Which language a question is in, where it is not English, and whether the shipped models cannot read it.

By its script, or by function words: each list has words that a question in that language hardly does without
and that English does not have. Names, codes and titles in a search box are no questions, and never told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from unicodedata import category, name

_WORD = re.compile(r"[^\W\d_]+")
_MOST_LATIN = 0.5
"""Share of letters in another script from which on a text is in that script."""
_SCRIPTS: Mapping[str, str] = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "HEBREW": "he",
    "THAI": "th",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "GREEK": "el",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "TAMIL": "ta",
}
_FEWEST_LETTERS = {"el": 4}
"""Of single Greek letters formulas are made."""

_ASKING: Mapping[str, str] = {
    "de": """
wie wo wann warum wieso weshalb wer wen wem wessen woher wohin womit wofür wozu welche welcher
welches welchen welchem wieviel wieviele ist sind wird werden wurde kann können muss müssen soll
sollen darf dürfen gibt habe haben wurden wäre kostet kosten heißt heisst bedeutet dauert braucht
brauche macht gilt liegt
""",
    "fr": """
quel quelle quels quelles quand où pourquoi combien qui quoi est sont peut peuvent doit doivent faut
puis ont était étaient dois fait comment coûte coûtent
""",
    "es": """
qué cuál cuáles cuándo dónde cómo quién quiénes cuánto cuánta cuántos cuántas cuando donde cuanto
cuantos cuantas cual quien es está están son hay puede pueden puedo debe deben tiene tienen fue hace
""",
    "it": """
quale quali quando dove perché perche quanto quanti quante quanta chi cosa è sono può possono deve
devono viene vengono posso
""",
    "pt": """
qual quais quando onde quanto quantos quantas quem são está estão pode podem deve devem tem foi
posso
""",
    "nl": """
wat hoe waar wanneer waarom wie welke hoeveel hoelang zijn wordt worden kan kunnen moet moeten mag
heeft hebben
""",
    "pl": """
jak gdzie kiedy dlaczego kto ile który która które jest są czy można
""",
    "sv": """
hur mycket kostar var när varför vem vilken vilket vilka är finns kan måste får
""",
    "tr": """
nasıl nerede zaman neden kim kaç hangi nedir mı mi var
""",
}
_OTHER: Mapping[str, str] = {
    "de": """
der das den dem des ein eine einen einem einer eines und oder nicht mit auf für von zu im zum zur am
bei nach ich man sich wenn auch es sie wir ihr mein pro vor aus über unter
""",
    "fr": """
le la les un une des du de et ou dans pour par sur avec que ne pas je il elle nous vous au aux ce
cette ces se sa son mon à on en
""",
    "es": """
el la los las un una unos unas de del y o en para por con que no se su al mi lo como
""",
    "it": """
il lo la gli le un uno una di del della dei delle e o in per con che non si al alla nel nella da
ogni
""",
    "pt": """
o os as um uma de do da dos das e ou em no na para por com que não se ao
""",
    "nl": """
de het een en of in op voor van met dat niet ik te om bij naar uit er
""",
    "pl": """
w na z do się nie i to od po przez dla jaki jaka
""",
    "sv": """
en ett och eller i på för av med att inte jag det den som till från
""",
    "tr": """
bir ve ile için bu ne da de
""",
}
_ENGLISH_WORDS = """
a all an and any are as at be been by can could did do does for from had has have he her his how i
if is it its may might must my not of on or our shall she should than that the their then there
these they this those to we were what when where which who whom whose why will with would you your
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_LISTS = {code: (frozenset(_ASKING[code].split()), frozenset(_OTHER[code].split())) for code in _ASKING}
_FEWEST_WORDS = 2


def foreign_language(question: str) -> str | None:
    """The ISO 639-1 code of the language, where a question is surely not in English; None else.

    Languages of one script or one family may be taken for one another (`ru` for any in Cyrillic letters).
    """
    return unread_language(question) or ("es" if "¿" in question else _by_words(question))


def unread_language(text: str) -> str | None:
    """The code of the language where a text is in a script that the shipped models do not read: from Chinese
    and Japanese passages that do not answer they quote all the same, from German, French and Spanish ones not
    (docs/languages.md).
    """
    counts: dict[str, int] = {}
    letters = 0
    for character in text:
        if category(character).startswith("L"):
            letters += 1
            code = _SCRIPTS.get(name(character, "").partition(" ")[0].partition("-")[0])
            if code is not None:
                counts[code] = counts.get(code, 0) + 1
    if sum(counts.values()) <= letters * _MOST_LATIN:
        return None
    if counts.get("ja"):
        return "ja"  # which has Chinese characters too
    code = max(counts, key=lambda one: counts[one])
    return code if counts[code] >= _FEWEST_LETTERS.get(code, 1) else None


def _by_words(text: str) -> str | None:
    """The language of most of its function words, one that asks among them; as many as English has, no."""
    words = _WORD.findall(text.lower())
    english = sum(word in _ENGLISH for word in words)
    best: tuple[int, int, str] = (0, 0, "")
    for code, (asking, other) in _LISTS.items():
        asks = sum(word in asking for word in words)
        said = asks + sum(word in other for word in words)
        if asks:
            best = max(best, (said, asks, code))
    enough = best[0] >= _FEWEST_WORDS and best[0] > 2 * english
    return best[2] if enough else None
