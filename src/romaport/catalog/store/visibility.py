"""What a user may see, and what the user has a role on (contract 5.2), as conditions that the database works out."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, true

from romaport.storage.tables import app_members, asset_references, assets

__all__ = ["is_open_to", "visible_ids"]


def visible_ids(member_id: str, role: str = "") -> Select[Any]:
    """Select what a user may see, or, with a role named, on what the user has that role.

    That is own and shared applications with all that belongs to them, and what belongs to no application but to
    the instance as a whole: anyone's to see, its maker's to change.
    """
    is_owned = exists().where(asset_references.c.asset_id == assets.c.id, asset_references.c.owns == 1)
    is_whole = and_(assets.c.kind != "app", ~is_owned, assets.c.created_by == member_id if role else true())
    is_app = and_(assets.c.kind == "app", is_open_to(member_id, role))
    visible = select(assets.c.id).where(or_(is_app, is_whole)).cte(recursive=True)
    below = select(asset_references.c.asset_id).where(
        asset_references.c.target_id == visible.c.id, asset_references.c.owns == 1
    )
    return select(visible.union(below).c.id)


def is_open_to(user_id: str, role: str = "") -> ColumnElement[bool]:
    """Match applications that a user made or is shared, with a role if one is named; `admin` has them all."""
    shared = exists().where(app_members.c.app_id == assets.c.id, app_members.c.user_id == user_id)
    if role:
        shared = shared.where(or_(*(app_members.c.roles.contains(f'"{held}"') for held in (role, "admin"))))
    return or_(assets.c.created_by == user_id, shared)
