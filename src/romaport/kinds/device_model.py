"""What the kinds that model devices have in common: products, and all that they are made of (contract 7.9)."""

from typing import Annotated, Any

from msgspec import Meta

from romaport.clock import milliseconds
from romaport.kinds.kind import Asset, Filter, Listing

__all__ = ["MADE", "PART_ACTIONS", "Description", "history_of", "listed"]

Description = Annotated[str, Meta(max_length=200)]

PART_ACTIONS = {
    "create": "roma:products:update",
    "show": "roma:products:get",
    "update": "roma:products:update",
    "delete": "roma:products:update",
    "list": "roma:products:list",
}
"""Who changes a part of a product changes the product. No permissions were published; these are ours."""

MADE = (
    Filter(query="created_user_name", matches="creator"),
    Filter(query="created_date_start", matches="created.from", is_number=True),
    Filter(query="created_date_end", matches="created.until", is_number=True),
)
"""Filters by whom, and when, something was made."""


def listed(*filters: Filter) -> Listing:
    """Answer how lists of these kinds page and answer, with the filters of one of them."""
    return Listing(array="items", cuts=True, offset_max=999_999, filters=filters)


def history_of(asset: Asset) -> dict[str, Any]:
    """Answer who made an asset and who changed it last, and when, as products and services show it."""
    return {
        "created_user": {"user_id": asset.created_by[0], "user_name": asset.created_by[1]},
        "last_updated_user": {"user_id": asset.updated_by[0], "user_name": asset.updated_by[1]},
        "created_datetime": milliseconds(asset.created_at),
        "last_updated_datetime": milliseconds(asset.updated_at),
    }
