"""Health and readiness."""

from __future__ import annotations

from typing import Literal

from api.http.schemas.base import Out, example


class HealthOut(Out):
    """The process answers."""

    model_config = example({"status": "ok"})
    status: Literal["ok"] = "ok"


class CheckLine(Out):
    """One thing that has to be well."""

    ok: bool
    detail: str


class ReadyOut(Out):
    """Whether questions can be answered, and what is missing if not."""

    model_config = example(
        {
            "status": "ready",
            "checks": {
                "store": {"ok": True, "detail": "2 collections"},
                "models": {"ok": True, "detail": "loaded"},
                "indexes": {"ok": True, "detail": "caught up"},
            },
        }
    )
    status: Literal["ready", "unavailable"]
    checks: dict[str, CheckLine]
