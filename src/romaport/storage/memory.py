"""Sparing SQLite's bookkeeping of its memory, for which the threads of a process wait for each other.

Every piece of memory that SQLite takes or gives back is counted under one lock of the whole process, which keeps two
connections from being at work at once: together they read no faster than one. SQLite's makers recommend to do without
(https://www.sqlite.org/compile.html, SQLITE_DEFAULT_MEMSTATUS), but distributions build it as it comes.
"""

import ctypes
import sqlite3

__all__ = ["spare_bookkeeping"]

_MEMSTATUS = 9  # SQLITE_CONFIG_MEMSTATUS
_OK = sqlite3.SQLITE_OK


def spare_bookkeeping() -> bool:
    """Have SQLite count none of its memory in this process from here on; say whether it does so.

    It is left as it is where a connection is open already, or where Python hides the library in itself.
    """
    try:
        import _sqlite3

        # A module's own handle also finds what the libraries it is linked with have.
        library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        used, shut_down = library.sqlite3_memory_used, library.sqlite3_shutdown
        configure, initialize = library.sqlite3_config, library.sqlite3_initialize
    except (OSError, AttributeError):
        return False
    used.restype = ctypes.c_int64
    # Without its fixed arguments said, some machines pass those after them in another place.
    configure.argtypes = [ctypes.c_int]
    if used() or shut_down() != _OK:
        return False
    configured: bool = configure(_MEMSTATUS, ctypes.c_int(0)) == _OK
    return initialize() == _OK and configured
