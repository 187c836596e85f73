"""A client of the published contract: what a user's program imports. It knows nothing of the server's inside."""

from romaport.client.answers import App, Instance, Task, is_final, is_success, reasons
from romaport.client.client import Client, ImportOptions
from romaport.client.credentials import AccessKey, Credentials, Password, Secret
from romaport.client.downloads import Download
from romaport.client.transport import ClientOptions

__all__ = [
    "AccessKey",
    "App",
    "Client",
    "ClientOptions",
    "Credentials",
    "Download",
    "ImportOptions",
    "Instance",
    "Password",
    "Secret",
    "Task",
    "is_final",
    "is_success",
    "reasons",
]
