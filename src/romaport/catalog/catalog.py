"""The assets of an instance: create, change, show, list and delete them one at a time.

Everything that can be wrong with one asset is found here: names and unique values that are taken,
references that lead nowhere, roles the caller lacks, quotas.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from romaport.catalog import uniqueness
from romaport.catalog.conflict import taken
from romaport.catalog.naming import follow_rename, key_of
from romaport.catalog.quotas import check_room, measure
from romaport.catalog.store import listing, rows
from romaport.catalog.store.listing import Page
from romaport.catalog.updates import holes_after, updated
from romaport.clock import milliseconds
from romaport.errors import (
    AssetInUse,
    AssetMissing,
    ReferenceMissing,
    RoleMissing,
)
from romaport.ids import new_id
from romaport.kinds import KINDS, Asset, Kind, Parts, Reference, Travel, namesakes, served_by
from romaport.storage import Transaction, Vault

__all__ = ["ROLES", "Actor", "Catalog", "CatalogOptions"]

ROLES = ("read", "access", "modify", "delete", "admin")
"""The roles a user may hold on an application (contract 5.2)."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts on assets, and when."""

    user_id: str
    user_name: str
    sees_all: bool
    """A tenant administrator sees and manages everything (contract 5.2)."""
    at: datetime

    @property
    def member_id(self) -> str | None:
        """The user whose applications bound what is visible; None for everything."""
        return None if self.sees_all else self.user_id


class CatalogOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an instance may hold."""

    quotas_enforced: Annotated[
        bool, Meta(description="Whether an instance holds at most the published number of assets of each kind.")
    ] = True


class Catalog:
    """The assets of all instances."""

    def __init__(self, vault: Vault, options: CatalogOptions) -> None:
        self._vault = vault
        self.options = options

    def show(self, tx: Transaction, kind: Kind, instance_id: str, asset_id: str, actor: Actor) -> Asset:
        """Answer one asset; raise `AssetMissing` if there is none or the actor may not see it."""
        return self._held(tx, kind, instance_id, asset_id, (actor, "read"))

    def singleton(self, tx: Transaction, kind: Kind, parent: Asset) -> Asset:
        """Answer the only part of this kind that a parent has; raise `AssetMissing` without one."""
        found = rows.parts_of(tx, parent.id, [kind.name])
        if not found:
            raise AssetMissing(kind=kind.title, asset_id=f"of {parent.name}")
        return rows.loaded(tx, found[:1])[found[0]]

    def parts(self, tx: Transaction, kind: Kind, parent: Asset) -> list[Asset]:
        """Answer all parts of this kind that an asset has, in the order of their creation."""
        found = rows.loaded(tx, rows.parts_of(tx, parent.id, [kind.name]))
        return sorted(found.values(), key=lambda part: (part.created_at, part.id))

    def page(self, tx: Transaction, kind: Kind, instance_id: str, asked: Page) -> tuple[int, list[Asset]]:
        """Answer how many assets match a list operation, and those of its page."""
        total, ids = listing.page(tx, instance_id, served_by(kind), asked)
        found = rows.loaded(tx, ids)
        return total, [found[asset_id] for asset_id in ids]

    def create(self, tx: Transaction, kind: Kind, instance_id: str, parts: Parts, actor: Actor) -> Asset:
        """Add an asset; raise the refusal that fits if it cannot be."""
        if self.options.quotas_enforced:
            check_room(tx, kind, instance_id, more=measure(kind, parts.body))
        made = {field: make() for field, make in kind.generate.items()}
        unique = {field: made[field] for field in kind.of(Travel.UNIQUE) if field in made} | parts.unique
        secrets = {field: made[field] for field in kind.of(Travel.SECRET) if field in made} | parts.secrets
        parts = replace(parts, unique=unique, secrets=secrets)
        targets = self._targets(tx, kind, instance_id, parts, actor)
        if self.options.quotas_enforced:
            uniqueness.check_room_within(tx, kind, targets)
        key = self._free_key(tx, kind, (instance_id, None), parts, targets)
        asset_id = parts.asset_id or self.new_ids(tx, kind, 1)[0]
        if parts.asset_id is not None and rows.creator(tx, asset_id) is not None:
            raise taken(kind, kind.id_field, asset_id)
        row = {
            "id": asset_id,
            "instance_id": instance_id,
            "kind": kind.name,
            "created_by": actor.user_id,
            "created_by_name": actor.user_name,
            "created_at": milliseconds(actor.at),
            **self._columns(asset_id, key, parts, actor),
            "holes": _json_list(set(kind.stars(parts.body)) - set(parts.secrets)),
        }
        rows.add(tx, row, _edges(kind, targets), parts.unique)
        return rows.loaded(tx, [asset_id])[asset_id]

    def update(self, tx: Transaction, kind: Kind, asset: Asset, parts: Parts, actor: Actor) -> Asset:
        """Change an asset; raise the refusal that fits if it cannot be."""
        self._permit(tx, asset, actor, "modify")
        parts = updated(kind, asset, parts, self.secrets(tx, asset))
        if self.options.quotas_enforced:
            check_room(tx, kind, asset.instance_id, more=measure(kind, parts.body) - measure(kind, asset.body))
        targets = self._targets(tx, kind, asset.instance_id, parts, actor)
        key = self._free_key(tx, kind, (asset.instance_id, asset.id), parts, targets)
        row = {
            "id": asset.id,
            "instance_id": asset.instance_id,
            "kind": kind.name,
            **self._columns(asset.id, key, parts, actor),
            "holes": _json_list(holes_after(kind, asset, parts)),
        }
        rows.change(tx, row, _edges(kind, targets), parts.unique)
        if key != asset.key:
            follow_rename(tx, [asset.id])
        return rows.loaded(tx, [asset.id])[asset.id]

    def delete(self, tx: Transaction, kind: Kind, instance_id: str, asset_id: str, actor: Actor) -> None:
        """Remove an asset and its parts; raise `AssetInUse` while others refer to it."""
        asset = self._held(tx, kind, instance_id, asset_id, (actor, "delete"))
        refusals = KINDS[asset.kind].refusals
        reason = refusals.kept(asset)
        if reason is not None:
            raise reason
        parts = rows.parts_of(tx, asset.id, _PART_KINDS)
        users = rows.users_of(tx, asset.id, but_not=parts)
        if users:
            named = ", ".join(f"{KINDS[of].title} {name}" for of, name in users)
            if refusals.used is not None:
                raise refusals.used(name=asset.name, users=named)
            raise AssetInUse(kind=KINDS[asset.kind].title, name=asset.name, users=named)
        rows.remove(tx, [*parts, asset.id])

    def publish(
        self, tx: Transaction, asset: Asset, actor: Actor, *, published: str | None, local: dict[str, Any]
    ) -> Asset:
        """Set what of an asset is published, the JSON text that then travels or None, and its local fields."""
        self._permit(tx, asset, actor, "modify")
        rows.set_columns(
            tx,
            asset.id,
            published=published,
            local=rows.json_text(local),
            updated_by=actor.user_id,
            updated_by_name=actor.user_name,
            updated_at=milliseconds(actor.at),
            change_id=new_id(),
        )
        return rows.loaded(tx, [asset.id])[asset.id]

    def set_local(self, tx: Transaction, asset: Asset, local: dict[str, Any]) -> None:
        """Set an asset's local fields, as what follows from a change of something else."""
        rows.set_columns(tx, asset.id, local=rows.json_text(local), change_id=new_id())

    def note(self, tx: Transaction, asset: Asset, actor: Actor, **local: object) -> Asset:
        """Set some local fields of an asset, and nothing that travels."""
        return self.publish(tx, asset, actor, published=asset.published, local={**asset.local, **local})

    def new_ids(self, tx: Transaction, kind: Kind, number: int) -> list[str]:
        """Make ids for so many new assets of a kind."""
        if not kind.is_numbered:
            return [new_id() for _ in range(number)]
        first = rows.reserve_numbers(tx, number)
        return [str(found) for found in range(first, first + number)]

    def unknown(self, tx: Transaction, instance_id: str, kind: Kind, ids: Collection[str], actor: Actor) -> list[str]:
        """Answer those of the ids that are no assets of the kind, or that the actor may not see."""
        found = rows.loaded(tx, rows.ids_of(tx, instance_id, served_by(kind), ids))
        seen = {asset_id for asset_id, asset in found.items() if self.roles(tx, asset, actor)}
        return [asset_id for asset_id in ids if asset_id not in seen]

    def by_unique(self, tx: Transaction, kind: Kind, instance_id: str, field: str, value: str) -> Asset | None:
        """Answer the asset that holds a unique value, or the one of that name when the field is the name."""
        if field == kind.name_field:
            found = rows.id_by_key(tx, instance_id, (kind.name,), (value,))
        else:
            found = rows.unique_owner(tx, instance_id, kind.name, field, value)
        return rows.loaded(tx, [found])[found] if found else None

    def find(self, tx: Transaction, reference: Reference, instance_id: str, named: str, actor: Actor) -> Asset | None:
        """Answer what a value of a reference's field leads to, if the actor may see it."""
        target = _target(tx, reference, instance_id, named)
        return target if target is not None and self.roles(tx, target, actor) else None

    def roles(self, tx: Transaction, asset: Asset, actor: Actor) -> tuple[str, ...]:
        """Answer the actor's roles on an asset: the union of those on the applications it belongs to."""
        if actor.sees_all:
            return ROLES
        apps = _apps_of(asset)
        if not apps:
            # What belongs to the instance as a whole: anyone's to see, its maker's to change.
            return ROLES if asset.created_by[0] == actor.user_id else ("read",)
        held = {role for app in apps for role in self.roles_on(tx, app.id, actor)}
        return tuple(role for role in ROLES if role in held)

    def roles_on(self, tx: Transaction, app_id: str, actor: Actor) -> tuple[str, ...]:
        """Answer the actor's roles on an application; its creator and an administrator have all (contract 5.2)."""
        if actor.sees_all or rows.creator(tx, app_id) == actor.user_id:
            return ROLES
        held = rows.members(tx, app_id).get(actor.user_id, ())
        return ROLES if "admin" in held else tuple(role for role in ROLES if role in held)

    def members(self, tx: Transaction, app: Asset) -> dict[str, tuple[str, ...]]:
        """Answer the roles of everyone an application is shared with, by user id."""
        return rows.members(tx, app.id)

    def share(self, tx: Transaction, app: Asset, roles: dict[str, tuple[str, ...]], actor: Actor) -> None:
        """Replace everyone an application is shared with; `read` is added where it is missing."""
        self._permit(tx, app, actor, "admin")
        rows.set_members(
            tx,
            app.id,
            {user: [role for role in ROLES if role in held or role == "read"] for user, held in roles.items()},
        )
        rows.set_columns(tx, app.id, change_id=new_id())

    def secrets(self, tx: Transaction, asset: Asset) -> dict[str, Any]:
        """Answer an asset's secrets by path."""
        sealed = rows.sealed_secrets(tx, asset.id)
        if sealed is None:
            return {}
        opened: dict[str, Any] = msgspec.json.decode(self._vault.open(sealed, owner=asset.id))
        return opened

    def replace_secret(self, tx: Transaction, asset: Asset, path: str, value: str, actor: Actor) -> None:
        """Give one secret of an asset a new value."""
        self._permit(tx, asset, actor, "modify")
        kind = KINDS[asset.kind]
        parts = Parts(
            name=asset.name,
            body=asset.body,
            local=asset.local,
            secrets={**self.secrets(tx, asset), path: value},
            references={field: target.id for field, target in asset.references.items()},
            unique=asset.unique,
        )
        row = {
            "id": asset.id,
            "instance_id": asset.instance_id,
            "kind": kind.name,
            **self._columns(asset.id, asset.key, parts, actor),
            "holes": _json_list(set(asset.holes) - {path}),
        }
        rows.change(tx, row, _edges(kind, dict(asset.references)), parts.unique)

    def permit_all(self, tx: Transaction, ids: Collection[str], actor: Actor, role: str) -> None:
        """Raise `RoleMissing` unless the actor has the role on an application of every asset."""
        for asset in rows.loaded(tx, ids).values():
            self._permit(tx, asset, actor, role)

    def _held(self, tx: Transaction, kind: Kind, instance_id: str, asset_id: str, needs: tuple[Actor, str]) -> Asset:
        actor, role = needs
        found = rows.loaded(tx, rows.ids_of(tx, instance_id, served_by(kind), [asset_id]))
        asset = found.get(asset_id)
        # What the caller may not see does not exist for the caller.
        if asset is None or not self.roles(tx, asset, actor):
            missing = kind.refusals.missing
            raise missing(asset_id=asset_id) if missing else AssetMissing(kind=kind.title, asset_id=asset_id)
        self._permit(tx, asset, actor, role)
        return asset

    def _permit(self, tx: Transaction, asset: Asset, actor: Actor, role: str) -> None:
        if role not in self.roles(tx, asset, actor):
            raise RoleMissing(role=role)

    def _targets(self, tx: Transaction, kind: Kind, instance_id: str, parts: Parts, actor: Actor) -> dict[str, Asset]:
        targets: dict[str, Asset] = {}
        for reference in kind.references:
            named = parts.references.get(reference.field, "")
            if not named and reference.optional:
                continue
            target = self.find(tx, reference, instance_id, named, actor)
            if target is None:
                raise ReferenceMissing(field=reference.field, kind=KINDS[reference.to].title, asset_id=named)
            # What gets something of its own is changed; using a data source only reads it (contract 5.2).
            self._permit(tx, target, actor, "modify" if reference.changes_target else "read")
            targets[reference.field] = target
        return kind.settle(targets)

    def _free_key(
        self, tx: Transaction, kind: Kind, place: tuple[str, str | None], parts: Parts, targets: dict[str, Asset]
    ) -> tuple[str, ...]:
        instance_id, own_id = place
        key = key_of(kind, targets, parts.name)
        if rows.id_by_key(tx, instance_id, namesakes(kind), key) not in (None, own_id):
            raise taken(kind, kind.name_field, key[-1])
        for field, value in parts.unique.items():
            if rows.unique_owner(tx, instance_id, kind.name, field, value) not in (None, own_id):
                raise taken(kind, field, value)
        uniqueness.check_alike(tx, kind, place, parts, targets)
        return key

    def _columns(self, asset_id: str, key: tuple[str, ...], parts: Parts, actor: Actor) -> dict[str, Any]:
        sealed = None
        if parts.secrets:
            sealed = self._vault.seal(msgspec.json.encode(parts.secrets), owner=asset_id)
        return {
            "key": rows.key_text(key),
            "name": key[-1],
            "body": rows.json_text(parts.body),
            "local": rows.json_text(parts.local),
            "secrets": sealed,
            "secret_paths": _json_list(parts.secrets),
            "holes": "[]",
            "updated_by": actor.user_id,
            "updated_by_name": actor.user_name,
            "updated_at": milliseconds(actor.at),
            "change_id": new_id(),
        }


def _json_list(paths: Iterable[str]) -> str:
    return rows.json_text(sorted(paths))


def _edges(kind: Kind, targets: dict[str, Asset]) -> dict[str, rows.Edge]:
    there = [(found, targets[found.field]) for found in kind.references if found.field in targets]
    return {found.field: rows.Edge(target.id, target.key, found.owns) for found, target in there}


def _target(tx: Transaction, reference: Reference, instance_id: str, named: str) -> Asset | None:
    ids = rows.ids_of(tx, instance_id, (reference.to,), [named])
    if not ids and reference.also_by:
        owner = rows.unique_owner(tx, instance_id, reference.to, reference.also_by, named)
        ids = {owner} if owner else set()
    return next(iter(rows.loaded(tx, ids).values()), None)


def _apps_of(asset: Asset) -> list[Asset]:
    if asset.kind == "app":
        return [asset]
    owners = {found.field for found in KINDS[asset.kind].references if found.owns}
    return [app for field, target in asset.references.items() if field in owners for app in _apps_of(target)]


_PART_KINDS = tuple(kind.name for kind in KINDS.values() if any(found.part for found in kind.references))
