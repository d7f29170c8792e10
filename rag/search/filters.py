"""The JSON form of a metadata filter, as the HTTP API, the clients and YAML pipelines take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
    model_validator,
)

from rag.errors import InvalidInput
from rag.types import And, Equals, Filter, In, Not, Or, Range

_OPERATORS = ("$and", "$or", "$not")
_MAX_DEPTH = 20
_CONDITION = 'must be a value, {"in": [...]} or bounds among gt, gte, lt, lte'
_COMPLAINTS = {
    "string_type": "must be a string, a number or a boolean",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "extra_forbidden": _CONDITION,
    "missing": _CONDITION,
}
"""In words what pydantic says by type of error; what a validator below says stands for itself."""

Value = StrictStr | StrictBool | StrictInt | StrictFloat
Bound = StrictStr | StrictInt | StrictFloat


class OneOf(BaseModel):
    """The field holds (or, for a list of strings, contains) one of these values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: tuple[Value, ...] = Field(alias="in")


class Bounds(BaseModel):
    """The field is a number, a date of ISO 8601 (compared as an instant) or a text within these bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"minProperties": 1})

    gt: Bound | None = None
    gte: Bound | None = None
    lt: Bound | None = None
    lte: Bound | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [getattr(self, name) for name in self.model_fields_set]
        if not given or None in given:
            raise ValueError(_CONDITION)
        if len({isinstance(bound, str) for bound in given}) > 1:
            raise ValueError("mixes numbers and strings in its bounds")
        return self


def _kind(value: object) -> Literal["value", "one of", "bounds"]:
    if not isinstance(value, Mapping):
        return "value"
    return "one of" if "in" in value else "bounds"


Condition = Annotated[
    Annotated[Value, Tag("value")] | Annotated[OneOf, Tag("one of")] | Annotated[Bounds, Tag("bounds")],
    Discriminator(_kind),
]


class MetadataFilter(BaseModel):
    """Conditions on documents' metadata, by field; all of them must hold.

    `{"author": "x", "year": {"gte": 2020}, "lang": {"in": ["de"]}, "$not": {"draft": true}}`
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Condition]

    every: tuple[MetadataFilter, ...] | None = Field(None, alias="$and", description="All of these hold.")
    some: tuple[MetadataFilter, ...] | None = Field(
        None, alias="$or", description="At least one of these holds."
    )
    no: MetadataFilter | None = Field(None, alias="$not", description="This does not hold.")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        for key in value:
            if not isinstance(key, str) or not key:
                raise ValueError("needs a key that is a non-empty string")
            if key.startswith("$") and key not in _OPERATORS:
                raise ValueError(f"has {key}, which is no operator; there are $and, $or and $not")
            if key in _OPERATORS and value[key] is None:
                raise ValueError(f"has {key} without what it is about")
        return value

    def to_filter(self) -> Filter:
        """The filter that search evaluates."""
        parts = list(self._parts())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _parts(self) -> Iterator[Filter]:
        for key, condition in self.__pydantic_extra__.items():
            match condition:
                case OneOf(values=values):
                    yield In(key, values)
                case Bounds():
                    yield Range(key, **condition.model_dump(exclude_unset=True))
                case _:
                    yield Equals(key, condition)
        if self.every is not None:
            yield And(tuple(part.to_filter() for part in self.every))
        if self.some is not None:
            yield Or(tuple(part.to_filter() for part in self.some))
        if self.no is not None:
            yield Not(self.no.to_filter())


def parse_filter(value: object) -> Filter | None:
    """Read a MetadataFilter's JSON; None and `{}` mean no filter.

    Raises InvalidInput (`invalid_filter`) with the path of what cannot be read.
    """
    if value is None or value == {}:
        return None
    if _is_deep(value, _MAX_DEPTH):
        _refuse("filters", f"is nested deeper than {_MAX_DEPTH}")
    try:
        return MetadataFilter.model_validate(value).to_filter()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        complaint = _COMPLAINTS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        _refuse(_path(first["loc"]), complaint)


def _is_deep(value: object, levels: int) -> bool:
    """Whether operators are nested deeper than this; looks no deeper."""
    if not isinstance(value, Mapping):
        return False
    inner = [*_list(value.get("$and")), *_list(value.get("$or")), value.get("$not")]
    nested = [one for one in inner if isinstance(one, Mapping)]
    return bool(nested) and (levels == 0 or any(_is_deep(one, levels - 1) for one in nested))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _path(location: tuple[int | str, ...]) -> str:
    """Where it is in the JSON; names of kinds and types, which no request holds, are left out."""
    kinds = {"value", "one of", "bounds", "str", "bool", "int", "float"}
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part not in kinds]
    return "filters" + "".join(parts)


def _refuse(path: str, complaint: str) -> NoReturn:
    raise InvalidInput(f"{path} {complaint}.", code="invalid_filter", details={"path": path})
