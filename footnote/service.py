"""The service as it is configured: `rag.service`, with the user's pipeline between retrieval and answer."""

from __future__ import annotations

from rag.service import Service, open_service
from rag.settings import Settings
from rag.store import Store


def open_with_stage(settings: Settings, store: Store | None = None) -> Service:
    """`open_service` with the Haystack pipeline that the setting `pipeline` names, if it names one.

    Raises as `open_service`, and InvalidInput `pipeline_invalid`.
    """
    if not settings.pipeline:
        return open_service(settings, store)
    from footnote.haystack.stage import load_stage  # loads Haystack, seconds

    return open_service(settings, store, load_stage(settings.pipeline))
