"""HTTP in, one call, HTTP out."""

from romaport.api.app import OPERATIONS, Application
from romaport.api.handover import HandOvers
from romaport.api.parts import ApiOptions, Parts

__all__ = ["OPERATIONS", "ApiOptions", "Application", "HandOvers", "Parts"]
