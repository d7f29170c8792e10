"""Keeps unstructured off the network: no telemetry, no notice, and no model that has to be downloaded first.

unstructured splits sentences with spaCy's English model and downloads it when it is absent. All it needs
them for is to tell headings from prose; spaCy's rule-based sentencizer does that job without a model.
"""

from __future__ import annotations

import os
from functools import lru_cache

_SWITCHES = {"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "1", "UNSTRUCTURED_DISABLE_NOTICE": "1"}


@lru_cache(maxsize=1)
def prepare() -> None:
    """Call before anything of unstructured is imported; it changes this process's environment."""
    os.environ.update(_SWITCHES)
    import spacy
    from unstructured.nlp import tokenize

    splitter = spacy.blank("en")
    splitter.add_pipe("sentencizer")
    tokenize._get_nlp = lambda: splitter
