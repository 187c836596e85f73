"""How a process of its own takes its memory: what the libraries below Python do so that one thread waits for another.

Every piece of memory that SQLite takes or gives back is counted under one lock of the whole process, which keeps two
connections from being at work at once: together they read no faster than one. SQLite's makers recommend to do without
(https://www.sqlite.org/compile.html, SQLITE_DEFAULT_MEMSTATUS), but distributions build it as it comes.

Whatever has more than some hundred kilobytes, such as a thousand lines of a package, the C library of GNU takes from
the system and gives back to it, piece by piece. Each is filled with zeros again, and meanwhile no other thread of the
process gets any. And it gives each thread a part of the memory of its own, in which what is free is free for that one
alone, and a thread that has ended leaves it behind.
"""

import sqlite3
import sys

__all__ = ["keep_freed", "spare_bookkeeping"]

_MEMSTATUS = 9  # SQLITE_CONFIG_MEMSTATUS
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX
# Larger pieces are rare; and so much may be free at the end of an arena before it is given back.
_LARGE_BYTES = 4 * 1024 * 1024
_KEPT_BYTES = 16 * 1024 * 1024


def keep_freed() -> bool:
    """Have the C library keep what was freed in this process for what is taken next, by whichever thread.

    Say whether it does so. Threads that were begun before keep parts of their own. Others than that of GNU have no word
    for it, and are left as they are.
    """
    if sys.platform != "linux":
        return False
    try:
        import ctypes

        choose = ctypes.CDLL(None).mallopt
    except (ImportError, OSError, AttributeError):
        return False
    chosen = ((_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _KEPT_BYTES), (_ARENA_MAX, 1))
    return all(choose(*words) for words in chosen)


def spare_bookkeeping() -> bool:
    """Have SQLite count none of its memory in this process from here on; say whether it does so.

    It is left as it is where a connection is open already, or where Python hides the library in itself.
    """
    try:
        import _sqlite3
        import ctypes

        # A module's own handle also finds what the libraries it is linked with have.
        library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        used, take, give = library.sqlite3_memory_used, library.sqlite3_malloc, library.sqlite3_free
        shut_down, initialize = library.sqlite3_shutdown, library.sqlite3_initialize
        configure = library.sqlite3_config
    except (ImportError, OSError, AttributeError):
        return False
    used.restype, take.restype, give.argtypes = ctypes.c_int64, ctypes.c_void_p, [ctypes.c_void_p]
    # Without its fixed arguments said, some machines pass those after them in another place.
    configure.argtypes = [ctypes.c_int]
    is_open = used() > 0
    piece = take(1)
    is_counted = used() > 0
    give(piece)
    if not is_counted:
        return True
    # To shut it down under an open connection would be the end of both.
    if is_open or shut_down() != sqlite3.SQLITE_OK:
        return False
    is_spared: bool = configure(_MEMSTATUS, ctypes.c_int(0)) == sqlite3.SQLITE_OK
    return initialize() == sqlite3.SQLITE_OK and is_spared
