"""A process takes its memory so that its threads do not wait for each other, where that can be had."""

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


FREEING = """
import ctypes, resource
from romaport.storage import keep_freed
{before}
print({asked})
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
begun = None
for number in range(20):
    # Together more than is kept by itself, each less than what is always taken apart.
    held = [b"x" * (1 << 20) for _ in range(8)]
    del held
    begun = faults() if begun is None else begun
print(faults() - begun)
"""


def freeing(asked: str, before: str = "") -> tuple[str, int]:
    """Take and free memory again and again; answer what was said, and how many pages came from the system."""
    program = FREEING.format(asked=asked, before=before)
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    said, faults = found.stdout.splitlines()
    return said, int(faults)


def test_what_was_freed_is_kept_unless_the_library_has_no_word_for_it() -> None:
    _, before = freeing("None")
    said, after = freeing("keep_freed()")
    assert (said, after < before / 10) == ("True", True)
    said, after = freeing("keep_freed()", HIDDEN)
    assert (said, after < before / 10) == ("False", False)


SHARING = """
import threading
from romaport.storage import keep_freed
print(keep_freed())
def taken():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1])
def work():
    del [[b"x" * 500_000 for _ in range(20)]][0]
    done.set()
    end.wait()
before, end = taken(), threading.Event()
for number in range(8):
    done = threading.Event()
    threading.Thread(target=work).start()
    done.wait()
print(taken() - before)
end.set()
"""
SHARED_PAGES = 20 * 500_000 // 4_096


def test_what_one_thread_has_freed_another_takes_while_that_one_lives() -> None:
    found = subprocess.run([sys.executable, "-c", SHARING], capture_output=True, text=True, check=True)
    said, pages = found.stdout.splitlines()
    assert (said, int(pages) < 2 * SHARED_PAGES) == ("True", True)
