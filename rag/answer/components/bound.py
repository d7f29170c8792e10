"""How a component finds its engine: handed over in code, or opened from the settings a YAML file names."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.settings import Settings

if TYPE_CHECKING:
    from rag.answer.engine import Engine

SettingValue = str | int | float | bool
SettingValues = dict[str, SettingValue]


class EngineBound:
    """A component that works on an engine: `bind` hands one over, else `warm_up` opens one by `settings`."""

    settings: SettingValues | None
    _engine: Engine | None = None

    def bind(self, engine: Engine) -> None:
        """Use this engine from now on."""
        self._engine = engine

    def warm_up(self) -> None:
        """Open the engine; components with the same settings share one."""
        if self._engine is None:
            self._engine = _shared_engine(json.dumps(self.settings or {}, sort_keys=True))

    @property
    def engine(self) -> Engine:
        self.warm_up()
        assert self._engine is not None  # warm_up has just set it
        return self._engine


@lru_cache(maxsize=4)
def _shared_engine(settings: str) -> Engine:
    from rag.answer.engine import Engine  # the engine builds pipelines of components: a cycle at import time

    return Engine(Settings(**json.loads(settings)))
