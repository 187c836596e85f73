"""What an import of API definitions does with each of them: decided as a whole, before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from romaport.errors import ApiDefinitionTaken, BodyInvalid, RomaportError
from romaport.kinds import KINDS, Asset, Parts, split
from romaport.wire.bodies import check
from romaport.wire.openapi import ApiDefinition
from romaport.wire.openapi.names import unique_name

__all__ = ["Plan", "Step", "planned"]

_API = KINDS["api"]
# Stands for the group while it is not made yet; a body is checked as the whole request that it would be.
_SOME_GROUP = "0" * 32


@dataclass(frozen=True, kw_only=True)
class Step:
    """One API to be made, or to be replaced."""

    definition: ApiDefinition
    parts: Parts
    old: Asset | None = None

    @property
    def action(self) -> str:
        """The vendor's word for what is done."""
        return "create" if self.old is None else "update"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that an import would do, and what stands in its way."""

    steps: list[Step] = field(default_factory=list)
    failures: list[tuple[ApiDefinition, RomaportError]] = field(default_factory=list)
    ignored: list[ApiDefinition] = field(default_factory=list)
    """What an API that exists keeps out."""


def planned(definitions: Iterable[ApiDefinition], existing: Iterable[Asset], *, overrides: bool) -> Plan:
    """Decide for every definition: a new API, a new form of an old one, or what is wrong with it."""
    plan = Plan()
    apis = list(existing)
    old = {_place(api.body): api for api in apis}
    names = {api.name for api in apis}
    seen: dict[tuple[str, ...], str] = {}
    for definition in definitions:
        body, place = definition.body, _place(definition.body)
        met = old.get(place)
        if place in seen:
            plan.failures.append((definition, ApiDefinitionTaken(name=seen[place])))
        elif met is not None and not overrides:
            plan.ignored.append(definition)
        else:
            name = _name(body["name"], met, names)
            names.add(name)
            seen[place] = name
            _add(plan, definition, {**body, "name": name}, met)
    return plan


def _place(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(body.get(name, "")) for name in _API.also_unique)


def _name(wanted: str, met: Asset | None, names: set[str]) -> str:
    """Answer the name of an API: that of the old one stays, and a new one is not another's."""
    return unique_name(wanted, names) if met is None else met.name


def _add(plan: Plan, definition: ApiDefinition, body: dict[str, Any], old: Asset | None) -> None:
    try:
        if definition.problems:
            raise BodyInvalid(problems="; ".join(definition.problems))
        # Like a package, a document may lack what belongs to the instance.
        check(_API.create, {**body, "group_id": _SOME_GROUP}, _API.rules)
        plan.steps.append(Step(definition=definition, parts=split(_API, _API.flatten(body)), old=old))
    except RomaportError as refusal:
        plan.failures.append((definition, refusal))
