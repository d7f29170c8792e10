"""The judges that metrics without arguments share, so that models are loaded once."""

from __future__ import annotations

from collections.abc import Mapping

from eval.judges.models import LoadedModels, Models
from eval.judges.registry import JUDGES, load_judges
from eval.judges.sample import Judge
from rag.answer.lazy import Lazy
from rag.settings import Settings

_MODELS: Lazy[LoadedModels] = Lazy(lambda: LoadedModels(Settings()))
_JUDGES: Lazy[dict[str, Judge]] = Lazy(lambda: load_judges(tuple(JUDGES), _MODELS.get()))


def shared_models() -> Models:
    """The models that the settings named when this was first called."""
    return _MODELS.get()


def shared_judges() -> Mapping[str, Judge]:
    """Every judge over the shared models."""
    return _JUDGES.get()
