"""The characters behind Word's symbols: fonts that show other signs than their codes say."""

from __future__ import annotations

# Adobe's Symbol encoding, from 0x20 and from 0xA0 on; what has no counterpart in Unicode is a space.
_SYMBOL_LOW = (
    " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
)
_SYMBOL_HIGH = (
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭ "
)
_FONTS = {
    "symbol": {
        **{0x20 + at: sign for at, sign in enumerate(_SYMBOL_LOW)},
        **{0xA0 + at: sign for at, sign in enumerate(_SYMBOL_HIGH)},
    },
    # of pictures, those that say something
    "wingdings": dict(
        zip(
            (
                0x4A,
                0x4C,
                0x6C,
                0x6E,
                0x6F,
                0x71,
                0xA7,
                0xA8,
                0xD8,
                0xDF,
                0xE0,
                0xE1,
                0xE2,
                0xFB,
                0xFC,
                0xFD,
                0xFE,
            ),
            "☺☹●■□❑▪◻➢←→↑↓✗✓☒☑",
            strict=True,
        )
    ),
    "wingdings 2": dict(zip((0x4F, 0x50, 0x51, 0x52, 0x53, 0x54, 0xA3), "✗✓☒☑☒☒□", strict=True)),
}
_PRIVATE = 0xF000  # where fonts of signs have their codes


def symbol(font: str, code: str) -> str:
    """The character of a code in hexadecimal; nothing where the font shows a sign that is not known."""
    try:
        value = int(code, 16)
    except ValueError:
        return ""
    signs = _FONTS.get(font.lower())
    if signs is not None:
        return signs.get(value & 0xFF, "")
    return "" if value >= _PRIVATE or value < 0x20 else chr(value)
