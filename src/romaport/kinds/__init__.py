"""Every kind of asset there is, each one file of data, and the order that follows from their references."""

from graphlib import TopologicalSorter

from romaport.kinds import (
    api,
    api_group,
    app,
    command,
    composite_task,
    data_source,
    dictionary,
    environment,
    mapping,
    product,
    product_topic,
    request_property,
    response_property,
    schedule,
    service,
    service_property,
    task,
    topic,
    topic_access,
)
from romaport.kinds.api import api_definition, runtime_definition
from romaport.kinds.apic import RELEASE_ID, RELEASE_NAME, Publication, publications, published, withdrawn
from romaport.kinds.changes import Change, changes
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Parts, Reference, Refusals, Travel, Viewer
from romaport.kinds.parts import MASK, masked, split, split_body, with_local

__all__ = [
    "KINDS",
    "MASK",
    "RELEASE_ID",
    "RELEASE_NAME",
    "Asset",
    "Change",
    "Filter",
    "Kind",
    "Listing",
    "Parts",
    "Publication",
    "Reference",
    "Refusals",
    "Travel",
    "Viewer",
    "api_definition",
    "changes",
    "changing_references",
    "creation_order",
    "masked",
    "namesakes",
    "publications",
    "published",
    "runtime_definition",
    "served_by",
    "split",
    "split_body",
    "travels",
    "with_local",
    "withdrawn",
]

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        api.KIND,
        api_group.KIND,
        app.KIND,
        command.KIND,
        composite_task.KIND,
        data_source.KIND,
        dictionary.KIND,
        environment.KIND,
        mapping.KIND,
        product.KIND,
        product_topic.KIND,
        request_property.KIND,
        response_property.KIND,
        schedule.KIND,
        service.KIND,
        service_property.KIND,
        task.KIND,
        topic.KIND,
        topic_access.KIND,
    )
}
"""Every kind by name; a new one is a line here and a file beside."""


def creation_order() -> tuple[Kind, ...]:
    """Answer the kinds so that each comes after those it refers to; ties go by name."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(KINDS):
        sorter.add(name, *(reference.to for reference in KINDS[name].references if reference.to != name))
    return tuple(KINDS[name] for name in sorter.static_order())


def changing_references() -> tuple[tuple[str, str], ...]:
    """Answer, as (kind, field), the references whose targets count as changed by what refers to them."""
    return tuple(
        (kind.name, found.field) for kind in KINDS.values() for found in kind.references if found.changes_target
    )


def travels(name: str) -> bool:
    """Say whether this is the name of a kind whose assets travel in packages."""
    return name in KINDS and KINDS[name].is_packed


def namesakes(kind: Kind) -> tuple[str, ...]:
    """Answer the kinds among whose assets a name of this one must be unique: itself and those it shares names with."""
    root = kind.joins or kind.name
    return tuple(found.name for found in KINDS.values() if root in (found.name, found.joins))


def served_by(kind: Kind) -> tuple[str, ...]:
    """Answer the kinds whose assets the kind's list, show and delete operations serve."""
    return (kind.name,) if kind.joins else namesakes(kind)
