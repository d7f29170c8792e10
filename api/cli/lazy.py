"""Groups of commands that are known by name: a command's module is imported when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer.main
from typer.core import TyperCommand, TyperGroup


class LazyCommand(TyperCommand):
    """A command with its summary for --help; `module` holds it as a Typer application named `app`."""

    def __init__(self, name: str, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self._module = module

    def load(self) -> Any:
        """The command itself (a click Command, or a Group)."""
        app = import_module(self._module).app
        app.rich_markup_mode = None  # plain help: Rich's renderer takes longer to import than all the rest
        return typer.main.get_command(app)

    def make_context(self, *given: Any, **extra: Any) -> Any:
        """The context of the command itself; click calls this first when the command is called."""
        return self.load().make_context(*given, **extra)


class LazyGroup(TyperGroup):
    """Commands of a package: each is the module of its name, its summary the first of its docstring."""

    package: ClassVar[str]
    summaries: ClassVar[Mapping[str, str]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {
            name: LazyCommand(name, f"{self.package}.{name}", summary)
            for name, summary in self.summaries.items()
        }
