"""SQLite keeps no account of its memory, where that can be had, and works as before."""

import subprocess
import sys

import pytest

BEGIN = """
import ctypes, sqlite3, _sqlite3
from romaport.storage import spare_bookkeeping
library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
library.sqlite3_memory_used.restype = ctypes.c_int64
def held():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE held (content BLOB)")
    connection.execute("INSERT INTO held VALUES (zeroblob(100000))")
    return connection
"""
END = """
connection = held()
print(connection.execute("SELECT length(content) FROM held").fetchone()[0], library.sqlite3_memory_used() > 0)
"""
HIDDEN = """
def hidden(name):
    raise OSError("no such library")
ctypes.CDLL = hidden
"""
CASES = {
    "print(spare_bookkeeping())": ["True", "100000 False"],
    # An open connection is left alone, whether its memory is counted or not.
    "early = held()\nprint(spare_bookkeeping())": ["False", "100000 True"],
    "spare_bookkeeping()\nearly = held()\nprint(spare_bookkeeping(), early.total_changes)": ["True 1", "100000 False"],
    HIDDEN + "print(spare_bookkeeping())": ["False", "100000 True"],
}


@pytest.mark.parametrize("program", CASES)
def test_it_is_spared_unless_a_connection_is_open_or_the_library_hidden(program: str) -> None:
    found = subprocess.run([sys.executable, "-c", BEGIN + program + END], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == CASES[program]
