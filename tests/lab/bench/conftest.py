"""The service over three short manuals that the tests of eval/ have, too."""

from __future__ import annotations

from tests.eval.conftest import manuals

__all__ = ["manuals"]
