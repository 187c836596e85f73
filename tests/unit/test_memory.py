"""SQLite keeps no account of its memory, where that can be had, and works as before."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sqlite3, _sqlite3
from romaport.storage import spare_bookkeeping
library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
library.sqlite3_memory_used.restype = ctypes.c_int64
early = sqlite3.connect(":memory:") if {is_late} else None
print(spare_bookkeeping())
connection = sqlite3.connect(":memory:")
connection.execute("CREATE TABLE held (content BLOB)")
connection.execute("INSERT INTO held VALUES (zeroblob(100000))")
print(connection.execute("SELECT length(content) FROM held").fetchone()[0], library.sqlite3_memory_used() > 0)
"""


@pytest.mark.parametrize(("is_late", "said"), [(False, ["True", "100000 False"]), (True, ["False", "100000 True"])])
def test_it_is_spared_unless_a_connection_is_open_already(is_late: bool, said: list[str]) -> None:  # noqa: FBT001
    program = PROGRAM.format(is_late=is_late)
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == said
