"""The small models that judges ask."""

from __future__ import annotations

from typing import Protocol

from rag.answer.lazy import Lazy
from rag.models.registry import load_checker, load_encoder, load_reader
from rag.models.types import Checker, Encoder, Reader
from rag.settings import Settings


class Models(Protocol):
    """Where judges find their models; an Engine is one."""

    @property
    def encoder(self) -> Encoder: ...

    @property
    def reader(self) -> Reader: ...

    @property
    def checker(self) -> Checker: ...


class LoadedModels:
    """The models that the settings name, each loaded at its first use; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._encoder = Lazy(lambda: load_encoder(settings.encoder, settings))
        self._reader = Lazy(lambda: load_reader(settings.reader, settings))
        self._checker = Lazy(lambda: load_checker(settings.checker, settings, self.encoder))

    @property
    def encoder(self) -> Encoder:
        return self._encoder.get()

    @property
    def reader(self) -> Reader:
        return self._reader.get()

    @property
    def checker(self) -> Checker:
        return self._checker.get()
