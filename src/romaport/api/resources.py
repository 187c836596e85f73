"""Create, show, update, delete and list for every kind, generated from the kinds."""

from collections.abc import Callable, Iterable

from msgspec import UNSET, Struct, to_builtins

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.catalog import Page
from romaport.errors import AssetMissing, ParameterInvalid
from romaport.kinds import KINDS, Asset, Kind, Listing, Parts, Viewer, split
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS", "resource_operations"]

_VERBS = {"create": "POST", "list": "GET", "show": "GET", "update": "PUT", "delete": "DELETE"}


def resource_operations(kind: Kind) -> Iterable[Operation]:
    """Generate the operations that a kind declares an action for."""
    whole = f"/v2/{{project_id}}/{kind.path}"
    one = f"{whole}/{{{kind.id_field}}}"
    for verb in kind.actions:
        is_collection = verb in ("create", "list") or (verb == "show" and kind.parent is not None)
        request = {"create": kind.create, "update": kind.update}.get(verb)
        yield Operation(
            name=f"{verb}_{kind.name}",
            summary=f"{verb.capitalize()} {kind.title}{'s' if verb == 'list' else ''}.",
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
        parts = _parts(kind, kind.create, call)
        catalog = call.parts.desk.catalog
        with call.parts.desk.database.transaction() as tx:
            asset = catalog.create(tx, kind, call.instance_id, parts, call.actor)
            document = kind.present(asset, _viewer(call, tx))
        return Reply(status=kind.statuses.get("create", 200), document=document)

    return run


def _update(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        parts = _parts(kind, kind.update, call)
        catalog = call.parts.desk.catalog
        with call.parts.desk.database.transaction() as tx:
            asset = catalog.show(tx, kind, call.instance_id, call.path[kind.id_field], call.actor)
            _check_parent(kind, asset, call)
            changed = catalog.update(tx, kind, asset, parts, call.actor)
            document = kind.present(changed, _viewer(call, tx))
        return Reply(document=document)

    return run


def _show(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        catalog = call.parts.desk.catalog
        with call.parts.desk.database.snapshot() as tx:
            if kind.parent is not None:
                above = next(found for found in kind.references if found.field == kind.parent)
                parent = catalog.show(tx, KINDS[above.to], call.instance_id, call.path[kind.parent], call.actor)
                asset = catalog.singleton(tx, kind, parent)
            else:
                asset = catalog.show(tx, kind, call.instance_id, call.path[kind.id_field], call.actor)
            return Reply(document=kind.present(asset, _viewer(call, tx)))

    return run


def _delete(kind: Kind) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        catalog = call.parts.desk.catalog
        with call.parts.desk.database.transaction() as tx:
            catalog.delete(tx, kind, call.instance_id, call.path[kind.id_field], call.actor)
        return Reply(status=kind.statuses.get("delete", 200))

    return run


def _list(kind: Kind) -> Callable[[Call], Reply]:
    listing = kind.listing
    assert listing is not None, f"{kind.name}: a kind that can be listed says how"

    def run(call: Call) -> Reply:
        asked = _page(call, listing)
        with call.parts.desk.database.snapshot() as tx:
            total, found = call.parts.desk.catalog.page(tx, kind, call.instance_id, asked)
            viewer = _viewer(call, tx)
            present = kind.summarise or kind.present
            items = [present(asset, viewer) for asset in found]
        return Reply(document={"total": total, "size": len(items), listing.array: items})

    return run


_RUNS = {"create": _create, "update": _update, "show": _show, "delete": _delete, "list": _list}


def _parts(kind: Kind, shape: type[Struct], call: Call) -> Parts:
    request = decode(shape, call.body)
    flat = kind.flatten({name: value for name, value in to_builtins(request).items() if value not in (None, UNSET)})
    parts = split(kind, flat)
    if kind.parent is not None:
        parts.references[kind.parent] = call.path[kind.parent]
    return parts


def _check_parent(kind: Kind, asset: Asset, call: Call) -> None:
    if kind.parent is not None and asset.references[kind.parent].id != call.path[kind.parent]:
        raise AssetMissing(kind=kind.title, asset_id=asset.id)


def _page(call: Call, listing: Listing) -> Page:
    caller = call.caller
    filters = tuple((found, call.query[found.query]) for found in listing.filters if call.query.get(found.query))
    owner = call.query.get("owner", "").lower()
    if owner not in ("", "true", "false"):
        raise ParameterInvalid(name="owner", rule="must be true or false")
    return Page(
        offset=call.number("offset", default=0, at_least=0, at_most=listing.offset_max, cuts=listing.cuts),
        limit=call.number(
            "limit", default=listing.limit_default, at_least=1, at_most=listing.limit_max, cuts=listing.cuts
        ),
        filters=filters,
        member_id=None if caller.sees_all else caller.user_id,
        created_by=caller.user_id,
        is_own=None if not owner else owner == "true",
        descending=call.query.get("sort_type", "").upper() == "DESC",
    )


def _viewer(call: Call, tx: Transaction) -> Viewer:
    catalog, actor = call.parts.desk.catalog, call.actor
    known: dict[str, tuple[str, ...]] = {}

    def roles(app_id: str) -> tuple[str, ...]:
        if app_id not in known:
            known[app_id] = catalog.roles_on(tx, app_id, actor)
        return known[app_id]

    return Viewer(user_id=call.caller.user_id, roles=roles)


OPERATIONS = tuple(operation for kind in KINDS.values() for operation in resource_operations(kind))
