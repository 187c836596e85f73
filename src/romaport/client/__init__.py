"""A client of the published contract, and of what romaport adds to it: what a user's program imports.

It knows nothing of the server's inside.
"""

from romaport.client.answers import App, Instance, Task, is_final, is_success, reasons
from romaport.client.client import Client, ImportOptions
from romaport.client.credentials import AccessKey, Credentials, Password, Secret
from romaport.client.downloads import Download
from romaport.client.extras import Extras, Finding, FindingPage, Item, Receipt, Report, Values
from romaport.client.transport import ClientOptions

__all__ = [
    "AccessKey",
    "App",
    "Client",
    "ClientOptions",
    "Credentials",
    "Download",
    "Extras",
    "Finding",
    "FindingPage",
    "ImportOptions",
    "Instance",
    "Item",
    "Password",
    "Receipt",
    "Report",
    "Secret",
    "Task",
    "Values",
    "is_final",
    "is_success",
    "reasons",
]
