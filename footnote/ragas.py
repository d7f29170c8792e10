"""Footnote's small judges as RAGAS metrics: no LLM, no key, no network. Needs the extra `eval`.

    from footnote.ragas import Faithfulness  # first: importing it turns RAGAS' usage reporting off
    from ragas import evaluate

    evaluate(dataset, metrics=[Faithfulness()])

The names are those of `eval.metrics.ragas`; RAGAS is loaded when the first of them is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eval.metrics import ragas as _judges

if TYPE_CHECKING:
    from eval.metrics.ragas import *  # noqa: F403

__all__ = list(_judges.__all__)


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_judges, name)
