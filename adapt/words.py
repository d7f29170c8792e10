"""Text repairs and small word lists that the claim recipes share."""

from __future__ import annotations

import re

_TOKENS = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}", "``": '"', "''": '"',
}  # fmt: skip


def clean(text: str) -> str:
    """Undo treebank tokenisation, so that training text looks like what people upload."""
    for token, plain in _TOKENS.items():
        text = text.replace(token, plain)
    text = re.sub(r"\s+([.,;:!?%)\]}]|'s\b|n't\b)", r"\1", text)
    return re.sub(r"([(\[{])\s+", r"\1", text)
