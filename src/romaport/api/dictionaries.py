"""What dictionaries have beyond the operations of every kind: validation (contract 7.4)."""

from romaport.api.call import Call, Operation, Reply
from romaport.errors import AssetMissing, ParameterInvalid
from romaport.kinds import KINDS

__all__ = ["OPERATIONS"]

_DICTIONARY = KINDS["dictionary"]


def validate_dictionary(call: Call) -> Reply:
    """Find a dictionary by name or code; 404 says that the value is free."""
    given = {name: call.query[name] for name in ("name", "code") if call.query.get(name)}
    if len(given) != 1:
        raise ParameterInvalid(name="name, code", rule="exactly one of them is needed")
    ((field, value),) = given.items()
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        found = desk.catalog.by_unique(tx, _DICTIONARY, call.instance_id, field, value)
    if found is None:
        raise AssetMissing(kind=_DICTIONARY.title, asset_id=value)
    return Reply(document={"name": found.name, "code": found.unique["code"]})


OPERATIONS = (
    Operation(
        name="ValidateDictionary",
        summary="Find a dictionary by name or code.",
        method="GET",
        path="/v2/{project_id}/instances/{instance_id}/validate-dictionaries",
        action="roma:dictionaries:get",
        run=validate_dictionary,
        contract="7.4",
    ),
)
