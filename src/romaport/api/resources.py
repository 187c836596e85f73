"""Create, show, update, delete and list for every kind, generated from the kinds."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from msgspec import UNSET, Struct, to_builtins

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.catalog import Page
from romaport.errors import AssetMissing, ParameterInvalid
from romaport.kinds import KINDS, Asset, Filter, Kind, Listing, Parts, Viewer, split
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS", "asked_page", "listed", "requested", "resource_operations", "viewer_of"]

_NUMBER_MAX = 2**63 - 1
_VERBS = {"create": "POST", "list": "GET", "show": "GET", "update": "PUT", "delete": "DELETE"}
Show = Callable[[Asset, Viewer], dict[str, Any]]

# More than an instance holds of a kind whose lists are sorted here.
_WHOLE = 1_000_000


def resource_operations(kind: Kind) -> Iterable[Operation]:
    """Generate the operations that a kind declares an action for."""
    whole = f"/v2/{{project_id}}/{kind.path}"
    one = f"{whole}/{{{kind.id_field}}}"
    for verb in kind.actions:
        is_collection = verb in ("create", "list") or (verb == "show" and kind.is_only_part)
        request = {"create": kind.create, "update": kind.update}.get(verb)
        yield Operation(
            name=f"{verb}_{kind.name}",
            summary=f"{verb.capitalize()} {_plural(kind.title) if verb == 'list' else kind.title}.",
            method=_VERBS[verb],
            path=whole if is_collection else one,
            action=kind.action(verb),
            run=_RUNS[verb](kind),
            takes=Takes.JSON if request else Takes.NOTHING,
            status=kind.statuses.get(verb, 200),
            request=request,
            contract="7",
        )


def _create(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        parts = requested(kind, kind.create, call)
        catalog = call.parts.desk.catalog
        with call.parts.desk.deciding(call.instance_id) as tx:
            if kind.parent is not None:
                _check_place(_parent(kind, call, tx), call)
            asset = catalog.create(tx, kind, call.instance_id, parts, call.actor)
            document = _answer(kind, asset, call, tx)
        return Reply(status=kind.statuses.get("create", 200), document=document)

    return run


def _update(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        parts = requested(kind, kind.update, call)
        catalog = call.parts.desk.catalog
        with call.parts.desk.deciding(call.instance_id) as tx:
            asset = catalog.show(tx, kind, call.instance_id, call.path[kind.id_field], call.actor)
            if asset.kind != kind.name:
                raise AssetMissing(kind=kind.title, asset_id=asset.id)
            _check_place(asset, call)
            changed = catalog.update(tx, kind, asset, parts, call.actor)
            document = _answer(kind, changed, call, tx)
        return Reply(document=document)

    return run


def _show(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        catalog = call.parts.desk.catalog
        with call.parts.desk.database.snapshot() as tx:
            if kind.is_only_part:
                asset = catalog.singleton(tx, kind, _parent(kind, call, tx))
            else:
                asset = catalog.show(tx, kind, call.instance_id, call.path[kind.id_field], call.actor)
            _check_place(asset, call)
            return Reply(document=KINDS[asset.kind].present(asset, viewer_of(call, tx)))

    return run


def _delete(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        catalog = call.parts.desk.catalog
        document = None
        with call.parts.desk.deciding(call.instance_id) as tx:
            if kind.parent is not None:
                asset = catalog.show(tx, kind, call.instance_id, call.path[kind.id_field], call.actor)
                _check_place(asset, call)
                document = kind.acknowledge(asset) if kind.acknowledge else None
            catalog.delete(tx, kind, call.instance_id, call.path[kind.id_field], call.actor)
        return Reply(status=kind.statuses.get("delete", 200), document=document)

    return run


def _list(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        with call.parts.desk.database.snapshot() as tx:
            return Reply(document=listed(kind, call, tx))

    return run


def _summary(asset: Asset, viewer: Viewer) -> dict[str, Any]:
    kind = KINDS[asset.kind]
    return (kind.summarise or kind.present)(asset, viewer)


def listed(kind: Kind, call: Call, tx: Transaction, show: Show = _summary) -> dict[str, Any]:
    """Answer what a list operation of a kind answers: how many there are, and a page of them (contract 7.1)."""
    listing = kind.listing
    assert listing is not None, f"{kind.name}: a kind that can be listed says how"
    if kind.parent is not None:
        _check_place(_parent(kind, call, tx), call)
    asked = asked_page(call, kind, listing, tx)
    reading = asked if listing.order is None else replace(asked, offset=0, limit=_WHOLE)
    total, found = call.parts.desk.catalog.page(tx, kind, call.instance_id, reading)
    if listing.order is not None:
        found = sorted(found, key=listing.order)[asked.offset :][: asked.limit]
    viewer = viewer_of(call, tx)
    items = [show(asset, viewer) for asset in found]
    return {"total": total, "size": len(items), listing.array: items}


_RUNS = {"create": _create, "update": _update, "show": _show, "delete": _delete, "list": _list}


def requested(kind: Kind, shape: type[Struct], call: Call) -> Parts:
    """Read a request to create or update an asset; raise `BodyInvalid` with everything that is wrong with it."""

    def rules(fields: Mapping[str, Any]) -> list[str]:
        unseen = [f"{name}: is not a field of this request" for name in kind.unseen if name in fields]
        return [*unseen, *kind.rules(fields), *kind.demands(fields)]

    request = decode(shape, call.body, rules)
    flat = kind.flatten({name: value for name, value in to_builtins(request).items() if value not in (None, UNSET)})
    parts = split(kind, flat)
    if kind.parent is not None:
        parts.references[kind.parent] = call.path[kind.parent]
    return parts


def _answer(kind: Kind, asset: Asset, call: Call, tx: Transaction) -> dict[str, Any]:
    return kind.acknowledge(asset) if kind.acknowledge else kind.present(asset, viewer_of(call, tx))


def _plural(title: str) -> str:
    return f"{title.removesuffix('y')}ies" if title.endswith("y") else f"{title}s"


def _parent(kind: Kind, call: Call, tx: Transaction) -> Asset:
    above = next(found for found in kind.references if found.field == kind.parent)
    parent_id = call.path[above.field]
    return call.parts.desk.catalog.show(tx, KINDS[above.to], call.instance_id, parent_id, call.actor)


def _check_place(asset: Asset, call: Call) -> None:
    """Raise `AssetMissing` unless an asset is where the path says, below each of the assets it names."""
    parent = KINDS[asset.kind].parent
    if parent is not None:
        above = asset.references[parent]
        if above.id != call.path.get(parent, above.id):
            raise AssetMissing(kind=KINDS[asset.kind].title, asset_id=asset.id)
        _check_place(above, call)


def asked_page(call: Call, kind: Kind, listing: Listing, tx: Transaction) -> Page:
    """Read which page of a list is asked for; raise `ParameterInvalid` for what cannot be."""
    caller = call.caller
    filters = list(_filters(call, kind, listing, tx))
    if kind.parent is not None:
        filters.append((Filter(query=kind.parent, matches=f"reference.{kind.parent}"), call.path[kind.parent]))
    owner = call.query.get("owner", "").lower()
    if owner not in ("", "true", "false"):
        raise ParameterInvalid(name="owner", rule="must be true or false")
    default = listing.limit_max if listing.limit_default is None else listing.limit_default
    return Page(
        offset=call.number("offset", default=0, at_least=0, at_most=listing.offset_max, cuts=listing.cuts),
        limit=call.number("limit", default=default, at_least=1, at_most=listing.limit_max, cuts=listing.cuts),
        filters=tuple(filters),
        member_id=None if caller.sees_all else caller.user_id,
        created_by=caller.user_id,
        is_own=None if not owner else owner == "true",
        descending=call.query.get("sort_type", "").upper() == "DESC",
        precise=frozenset(call.query.get("precise_search", "").split(",")),
    )


def _filters(call: Call, kind: Kind, listing: Listing, tx: Transaction) -> Iterator[tuple[Filter, str]]:
    """Answer the filters that apply, each with what it compares with."""
    for found in listing.filters:
        given = call.query.get(found.query, "")
        if given and found.by is not None:
            yield found, _id_by(found.by, given, _target_kind(kind, found), call, tx)
        elif given and found.absent is None:
            yield found, _asked(call, found)
        elif not given and found.absent is not None:
            yield found, found.absent


def _target_kind(kind: Kind, found: Filter) -> Kind:
    field = found.matches.removeprefix("reference.")
    return next(KINDS[reference.to] for reference in kind.references if reference.field == field)


def _id_by(field: str, value: str, kind: Kind, call: Call, tx: Transaction) -> str:
    """Answer the id of the asset with this name or unique value; an empty text, which is no asset's id, without one."""
    found = call.parts.desk.catalog.by_unique(tx, kind, call.instance_id, field, value)
    return found.id if found else ""


def _asked(call: Call, found: Filter) -> str:
    """Answer the value that a filter looks for; raise `ParameterInvalid` for none that it could find."""
    if found.is_number:
        return str(call.number(found.query, default=0, at_least=0, at_most=_NUMBER_MAX))
    return found.reads(call.query[found.query])


def viewer_of(call: Call, tx: Transaction) -> Viewer:
    """Answer for whom assets are shown: the caller, with the roles the caller has."""
    catalog, actor = call.parts.desk.catalog, call.actor
    known: dict[str, tuple[str, ...]] = {}

    def roles(app_id: str) -> tuple[str, ...]:
        if app_id not in known:
            known[app_id] = catalog.roles_on(tx, app_id, actor)
        return known[app_id]

    return Viewer(user_id=call.caller.user_id, roles=roles)


OPERATIONS = tuple(operation for kind in KINDS.values() for operation in resource_operations(kind))
