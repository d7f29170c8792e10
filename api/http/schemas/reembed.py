"""Re-embedding of a collection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.http.schemas.base import In, example


class ReembedIn(In):
    """Without an encoder, that of the settings."""

    model_config = example({"encoder": "footnote-edge"})
    encoder: Annotated[
        str | None, Field(max_length=200, description="A shipped encoder, or the one in the settings.")
    ] = None
