"""Who may do what: credentials, callers, policies, and the directory of users and projects."""

from romaport.auth.callers import Caller, Known, Project
from romaport.auth.directory import Directory
from romaport.auth.documents import ProjectDocument, TokenDocument
from romaport.auth.gate import Gate
from romaport.auth.keystone import Issued, Keystone
from romaport.auth.options import AuthOptions
from romaport.auth.policies import BUILT_IN, TENANT_ADMINISTRATOR
from romaport.auth.store.credentials import Key
from romaport.auth.store.people import Grant, User
from romaport.auth.store.places import Instance

__all__ = [
    "BUILT_IN",
    "TENANT_ADMINISTRATOR",
    "AuthOptions",
    "Caller",
    "Directory",
    "Gate",
    "Grant",
    "Instance",
    "Issued",
    "Key",
    "Keystone",
    "Known",
    "Project",
    "ProjectDocument",
    "TokenDocument",
    "User",
]
