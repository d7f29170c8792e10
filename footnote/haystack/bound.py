"""How a component finds its service: handed over in code, or opened from the settings that its YAML names."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from rag.service import Service, open_service
from rag.settings import Settings

SettingValues = dict[str, Any]
"""Fields of footnote.toml; what is left out is as everywhere (footnote.toml, FOOTNOTE_* variables)."""


class ServiceBound:
    """Works on a service: `bind` hands one over, else `warm_up` opens one by `settings`."""

    settings: SettingValues | None
    _service: Service | None = None

    def bind(self, service: Service) -> None:
        """Use this service from now on."""
        self._service = service

    def warm_up(self) -> None:
        """Open the service; whatever has the same settings shares one, as long as the process lives."""
        if self._service is None:
            self._service = _shared(json.dumps(self.settings or {}, sort_keys=True))

    @property
    def service(self) -> Service:
        """The service, opened if need be."""
        self.warm_up()
        assert self._service is not None  # warm_up has just set it
        return self._service


@cache
def _shared(settings: str) -> Service:
    return open_service(Settings(**json.loads(settings)))
