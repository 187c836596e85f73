"""The assets an instance holds, one at a time and in whole sets."""

from romaport.catalog.catalog import ROLES, Actor, Catalog, CatalogOptions
from romaport.catalog.intake import Intake
from romaport.catalog.store.rows import Page
from romaport.catalog.store.staging import Into
from romaport.catalog.transfer import (
    Applied,
    Conflict,
    Policy,
    Selection,
    apply,
    check,
    delete_selected,
    discard,
    discard_except,
    open_holes,
    selected,
    stage,
    staged_count,
)
from romaport.catalog.uniqueness import alike, is_name_taken

__all__ = [
    "ROLES",
    "Actor",
    "Applied",
    "Catalog",
    "CatalogOptions",
    "Conflict",
    "Intake",
    "Into",
    "Page",
    "Policy",
    "Selection",
    "alike",
    "apply",
    "check",
    "delete_selected",
    "discard",
    "discard_except",
    "is_name_taken",
    "open_holes",
    "selected",
    "stage",
    "staged_count",
]
