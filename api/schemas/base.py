"""What the schemas share."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from api.limits import MAX_K, MAX_PASSAGE, MAX_QUESTION
from rag.types import Metadata


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class In(BaseModel):
    """A request; a field that does not exist is an error rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def example(value: JsonDict) -> ConfigDict:
    """The configuration of a model with an example."""
    return ConfigDict(json_schema_extra={"examples": [value]})


Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)]
Passage = Annotated[str, StringConstraints(max_length=MAX_PASSAGE)]
CollectionName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MetadataJson = dict[str, str | int | float | bool | list[str]]
Count = Annotated[int, Field(ge=1, le=MAX_K)]


def _is_text(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """Refuses a lone surrogate anywhere in the value: it is no text that an index could hold."""
    json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError
    return value


FilterJson = Annotated[
    dict[str, Any] | None,
    AfterValidator(_is_text),
    Field(
        description='Over metadata: {"author": "x"}, {"year": {"gte": 2020}}, {"lang": {"in": ["de"]}}, '
        '{"$and": […]}, {"$or": […]}, {"$not": {…}}.'
    ),
]


def plain_metadata(metadata: Metadata) -> MetadataJson:
    """Metadata as JSON values: sequences become lists."""
    return {
        key: value if isinstance(value, str | int | float | bool) else list(value)
        for key, value in metadata.items()
    }
