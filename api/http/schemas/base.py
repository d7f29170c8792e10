"""What the schemas share."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from api.http.limits import MAX_K, MAX_PASSAGE
from rag.search.filters import MetadataFilter
from rag.settings import LONGEST_QUESTION
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


Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUESTION)]
Passage = Annotated[str, StringConstraints(max_length=MAX_PASSAGE)]
CollectionName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MetadataJson = dict[str, str | int | float | bool | list[str]]
Count = Annotated[int, Field(ge=1, le=MAX_K)]


def _is_text(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """Refuses a lone surrogate anywhere in the value: it is no text that an index could hold."""
    json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError
    return value


class _ShownAsMetadataFilter:
    """Shows the filter's model in the OpenAPI document; `parse_filter` reads the value by the same model."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(MetadataFilter.__pydantic_core_schema__)


FilterJson = Annotated[
    Annotated[dict[str, Any], _ShownAsMetadataFilter()] | None,
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


class ErrorBody(BaseModel):
    """A stable code, a text for people, the id to quote, and what is known beside."""

    code: str
    message: str
    request_id: str
    details: dict[str, Any] = {}


class ErrorOut(Out):
    """Every answer that is not a success."""

    model_config = example(
        {
            "error": {
                "code": "collection_not_found",
                "message": "There is no collection 'manuals'.",
                "request_id": "0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
                "details": {},
            }
        }
    )
    error: ErrorBody


class OpenAIErrorBody(BaseModel):
    """OpenAI's fields, and the id to quote."""

    message: str
    type: str
    param: str | None
    code: str | None
    request_id: str


class OpenAIErrorOut(Out):
    """The same on OpenAI's paths."""

    model_config = example(
        {
            "error": {
                "message": "There is no collection 'manuals'.",
                "type": "invalid_request_error",
                "param": "model",
                "code": "model_not_found",
                "request_id": "0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
            }
        }
    )
    error: OpenAIErrorBody
