"""The assets an instance holds, one at a time and in whole sets."""

from romaport.catalog.arrivals import (
    Decision,
    Policy,
    apply,
    check,
    decisions,
    discard,
    obstacles,
    open_holes,
    stage,
    staged_count,
    staged_jobs,
    surveyed,
)
from romaport.catalog.catalog import ROLES, Actor, Catalog, CatalogOptions
from romaport.catalog.choosing import Wanted, choose
from romaport.catalog.conflict import Conflict, key_name
from romaport.catalog.intake import Arrived, Batch, Intake, is_sound
from romaport.catalog.landing import (
    Landing,
    Portion,
    Walk,
    clear_portion,
    discard_portion,
    hidden_ids,
    hidden_jobs,
    remove_space,
    staged_extents,
)
from romaport.catalog.quotas import used
from romaport.catalog.returns import Return, follow, forget
from romaport.catalog.store.brought import Into
from romaport.catalog.store.listing import Page
from romaport.catalog.store.placing import Edge
from romaport.catalog.store.rows import json_text
from romaport.catalog.transfer import Departing, Selection, Whole, delete_selected, selected
from romaport.catalog.uniqueness import alike, is_name_taken

__all__ = [
    "ROLES",
    "Actor",
    "Arrived",
    "Batch",
    "Catalog",
    "CatalogOptions",
    "Conflict",
    "Decision",
    "Departing",
    "Edge",
    "Intake",
    "Into",
    "Landing",
    "Page",
    "Policy",
    "Portion",
    "Return",
    "Selection",
    "Walk",
    "Wanted",
    "Whole",
    "alike",
    "apply",
    "check",
    "choose",
    "clear_portion",
    "decisions",
    "delete_selected",
    "discard",
    "discard_portion",
    "follow",
    "forget",
    "hidden_ids",
    "hidden_jobs",
    "is_name_taken",
    "is_sound",
    "json_text",
    "key_name",
    "obstacles",
    "open_holes",
    "remove_space",
    "selected",
    "stage",
    "staged_count",
    "staged_extents",
    "staged_jobs",
    "surveyed",
    "used",
]
