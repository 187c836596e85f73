"""What properties have in common, wherever they are: on a service, or on a command's request or response."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from romaport.errors import BodyInvalid
from romaport.kinds.device_model import PART_ACTIONS, Description, listed
from romaport.kinds.kind import Asset, Filter, Kind, Reference, Travel, Viewer

__all__ = ["property_kind"]

# A number written as a text; an empty text is as good as none.
_Number = Annotated[str, Meta(max_length=50, pattern=r"^(-?[0-9]+(\.[0-9]+)?([Ee][+\-]?[0-9]{1,2})?|)\Z")]
_NUMBER_FIELDS = ("min", "max", "step")
_NEEDED = {
    "number": _NUMBER_FIELDS,
    "integer": _NUMBER_FIELDS,
    "string": ("max_length",),
    "datetime": ("max_length",),
    "json": ("max_length",),
}
"""What a type of data needs besides, as published."""
_NUMBER_MAX = Decimal("7.9228E+28")

_TRAVELS = {
    "property_name": Travel.NAME,
    "data_type": Travel.PLAIN,
    "required": Travel.PLAIN,
    "description": Travel.PLAIN,
    "min": Travel.PLAIN,
    "max": Travel.PLAIN,
    "step": Travel.PLAIN,
    "max_length": Travel.PLAIN,
    "unit": Travel.PLAIN,
    "enum_list": Travel.PLAIN,
    "enum_dict": Travel.PLAIN,
    "method": Travel.PLAIN,
}


class PropertyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations of every kind of property."""

    property_name: Annotated[str, Meta(min_length=2, max_length=50, pattern=r"^[A-Za-z][A-Za-z0-9_\-]*\Z")]
    data_type: Literal["number", "integer", "string", "datetime", "json", "boolean", "array"]
    required: Literal[0, 1]
    description: Description | None = None
    min: _Number | None = None
    max: _Number | None = None
    step: _Number | None = None
    max_length: Annotated[int, Meta(ge=1, le=999_999)] | None = None
    unit: Annotated[str, Meta(max_length=50)] | None = None
    enum_list: Annotated[str, Meta(max_length=2000)] | None = None
    enum_dict: dict[str, Any] | None = None
    method: Annotated[str, Meta(pattern=r"^[RWE]{1,3}\Z")] | None = None


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request as it is; raise `BodyInvalid` if its fields do not go together."""
    data_type = request["data_type"]
    problems = [
        f"{field}: is required with data_type {data_type}"
        for field in _NEEDED.get(data_type, ())
        if request.get(field, "") == ""
    ]
    if not problems and data_type in ("number", "integer"):
        problems = _number_problems(request)
    if problems:
        raise BodyInvalid(problems="; ".join(problems))
    return request


def _number_problems(request: dict[str, Any]) -> list[str]:
    numbers = {field: Decimal(request[field]) for field in _NUMBER_FIELDS}
    problems = [f"{field}: must be within {_NUMBER_MAX} of 0" for field in numbers if abs(numbers[field]) > _NUMBER_MAX]
    if request["data_type"] == "integer":
        problems += [
            f"{field}: must be a whole number with data_type integer"
            for field, value in numbers.items()
            if value != value.to_integral_value()
        ]
    if numbers["min"] > numbers["max"]:
        problems.append("min: must not be greater than max")
    return problems


def _present(found: Asset, _viewer: Viewer) -> dict[str, Any]:
    return {"property_id": int(found.id), "property_name": found.name, **found.body}


def property_kind(*, name: str, title: str, path: str, query: str, of: Reference) -> Kind:
    """Make a kind of property: a part of what `of` refers to, asked for as `{query}_id` and `{query}_name` in lists."""
    return Kind(
        name=name,
        title=title,
        word="product",
        path=path,
        id_field="property_id",
        name_field="property_name",
        is_numbered=True,
        create=PropertyBody,
        update=PropertyBody,
        # The SDK cannot name it in an update.
        keeps=("method",),
        flatten=flatten,
        travels=_TRAVELS,
        references=(of,),
        parent=of.field,
        present=_present,
        listing=listed(
            Filter(query=f"{query}_id", matches="id", is_number=True),
            Filter(query=f"{query}_name", matches="name", fuzzy=True),
        ),
        actions=PART_ACTIONS,
        statuses={"create": 201, "delete": 204},
    )
