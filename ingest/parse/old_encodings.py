"""Which of the encodings from before Unicode a text is in, told by how common its letters are.

Each language is a row of letters, the common ones first. A reading is worth as much as its letters are
common in the language that fits best; letters that no word has where they stand cost. A few words are enough
where languages differ in their letters, and where two readings are as good the guess says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

WESTERN = "cp1252"
_MOST = 2000  # characters outside ASCII that are weighed
_SURE, _SURE_OF_FEW = (
    0.02,
    0.3,
)  # what a reading has to be better by: so much, and so much over the characters
_SPREAD = 0.8  # between the commonest letter and the rarest
_CAPITAL = 0.8
_FEW = 2  # characters outside ASCII; fewer tell nothing but the usual
_NEUTRAL = frozenset("“”‘’‚„–—…€£§©®°·«»‹›•™±²³¿¡´µ¼½¾×\u00a0\xad†‡‰ªº№，。、；：？！（）「」『』《》・～％")
_ARABIC = "اليمنتروبعسدفهكقحجشطصخضغذثزءأإآةىئؤظپچژگکیًٌٍَُِّْ،؟؛"
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфёъіїєґў"
_HAN = (
    "的一是不了在人有我他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事"
    "其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只"
    "主没公从安全每量度表检查工水机油電電這為來個們說國時會後對過發經當與學進種將還見沒從檢關開無問間"
    "長門車東馬書"
)
_HANGUL = (
    "이다는에의을가고를하로은지도사한기리자그어서인시대해정나아전"
    "수스부일보구라과주제여만장유상으들습니있것되게"
)
_GB_COMMON, _BIG5_COMMON = (0xB0, 0xD7), (0xA4, 0xC6)
_JIS_COMMON = (0x88, 0x97)
_FINAL = "םןךףץς"  # stand at the end of a word alone

Weigh = Callable[[str, str], float]
"""How common a character is (0 to 1, or -1 for one that no text has), by the encoding that gave it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """An encoding, and whether no other reads the bytes as well in another way."""

    encoding: str
    sure: bool


def guess(sample: bytes) -> Guess:
    """The likeliest encoding of text that is not UTF-8; cp1252, and not sure, where none fits."""
    readings: dict[str, tuple[float, str]] = {}
    for encoding, weigh in _candidates():
        text = _decoded(sample, encoding)
        if text is None:
            continue
        worth = _worth(text, weigh, encoding)
        if text not in readings or worth > readings[text][0]:
            known = readings.get(text)
            readings[text] = (worth, known[1] if known else encoding)
    ranked = sorted(readings.values(), key=lambda each: -each[0])
    if not ranked or ranked[0][0] <= 0:
        return Guess(WESTERN, False)
    best = ranked[0]
    telling = sum(byte >= 128 for byte in sample[: 16 * _MOST])
    margin = _SURE + _SURE_OF_FEW / max(telling, 1)
    ahead = len(ranked) == 1 or best[0] - ranked[1][0] >= margin
    return Guess(best[1], ahead and telling >= _FEW)


def _decoded(sample: bytes, encoding: str) -> str | None:
    """The text, if the encoding has a letter for all of it; the end may be cut in a letter."""
    for cut in range(4):
        try:
            text = sample[: len(sample) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if re.search("[\x80-\x9f\ue000-\uf8ff]", text) else text
    return None


@lru_cache(maxsize=1)
def _candidates() -> tuple[tuple[str, Weigh], ...]:
    """Every pair of an encoding and a language that it was used for, the usual ones first."""
    latin = {
        WESTERN: (
            "äüöß",
            "éèàêçâîôûùëïœæÿ",
            "óíáéñúü",
            "ãçáéíóõêâúàô",
            "àèìòùé",
            "åäöæøé",
            "ëïéèóöü",
            "áðéíóúýþæö",
        ),
        "cp1250": (
            "łąęóżśćńź",
            "íáěéřčýšžůúťďňóľĺôäŕ",
            "áéőöíóüúű",
            "čšžćđ",
            "ăâîşţ",
        ),
        "cp1254": ("ıişğüçöâ",),
        "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõüöšž"),
        "iso8859-2": ("łąęóżśćńź", "íáěéřčýšžůúťďňóľĺôä", "áéőöíóüúű"),
        "cp850": ("äüöß", "éèàêçâîôûùëï", "óíáéñú"),
        "mac_roman": ("äüöß", "éèàêçâîôûùëïœ", "óíáéñú"),
    }
    pairs = [(name, _alphabet(row)) for name, rows in latin.items() for row in rows]
    cyrillic = _alphabet(_CYRILLIC)
    pairs += [
        (name, cyrillic) for name in ("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "mac_cyrillic")
    ]
    greek = _alphabet("αοιετσνηυρπκμλςόίάωγήέδθφχύβώξζψϊΐϋΰ")
    pairs += [(name, greek) for name in ("cp1253", "iso8859-7")]
    hebrew = _alphabet("יוהלאמרתבשנעדםקחכפגטצןזסךףץ")
    pairs += [(name, hebrew) for name in ("cp1255", "iso8859-8")]
    pairs += [(name, _alphabet(_ARABIC)) for name in ("cp1256", "iso8859-6")]
    pairs += [("cp874", _alphabet("านรกเงอมยลวดทตสะปบคหแิีุ่้์ัําใไโขพจชผถซธศณภูึืฟญษ็ๆฉฐฝฮ"))]
    pairs += [("cp932", _japanese), ("euc_jp", _japanese), ("gb18030", _chinese)]
    pairs += [("big5", _chinese), ("cp949", _korean)]
    return tuple(pairs)


def _alphabet(letters: str) -> Weigh:
    small = list(dict.fromkeys(letters.lower()))
    common = {letter: 1.0 - _SPREAD * at / len(small) for at, letter in enumerate(small)}

    def weigh(character: str, encoding: str) -> float:
        if character in common:
            return common[character]
        return common[character.lower()] * _CAPITAL if character.lower() in common else -0.5

    return weigh


def _japanese(character: str, encoding: str) -> float:
    if "\u3040" <= character <= "\u30ff":
        return 1.0
    if "\uff61" <= character <= "\uff9f":
        return 0.1  # half of the bytes above ASCII are these in Shift JIS
    return _ideograph(character, "cp932", _JIS_COMMON)


def _chinese(character: str, encoding: str) -> float:
    common = _BIG5_COMMON if encoding == "big5" else _GB_COMMON
    return _ideograph(character, "big5" if encoding == "big5" else "gb2312", common)


def _ideograph(character: str, encoding: str, common: tuple[int, int]) -> float:
    if not "\u4e00" <= character <= "\u9fff":
        return -0.5
    if character in _HAN:
        return 1.0
    code = character.encode(encoding, "ignore")
    return 0.6 if code and common[0] <= code[0] <= common[1] else 0.0


def _korean(character: str, encoding: str) -> float:
    if not "\uac00" <= character <= "\ud7a3":
        return 0.1 if "\u4e00" <= character <= "\u9fff" else -0.5
    if character in _HANGUL:
        return 1.0
    return 0.6 if character.encode("euc_kr", "ignore") else -0.5


def _worth(text: str, weigh: Weigh, encoding: str) -> float:
    """The mean weight of the characters outside ASCII."""
    weights = [_weight(text, at, weigh, encoding) for at in _places(text)]
    return sum(weights) / len(weights) if weights else 0.0


def _places(text: str) -> Iterator[int]:
    for count, match in enumerate(re.finditer("[^\x00-\x7f]", text)):
        if count == _MOST:
            return
        yield match.start()


def _weight(text: str, at: int, weigh: Weigh, encoding: str) -> float:
    character = text[at]
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if character in _NEUTRAL:
        return -1.0 if before.isalpha() and after.isalpha() and character not in "’·\xad" else 0.5
    if character in _FINAL and after.isalpha():
        return -1.0
    if character.isupper() and before.islower():
        return -1.0
    if not _is_latin(character) and (_is_ascii_letter(before) or _is_ascii_letter(after)):
        return -0.5
    return weigh(character, encoding)


def _is_ascii_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")
