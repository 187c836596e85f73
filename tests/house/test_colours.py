"""The core is synchronous: `async` stays at the edge, where connections wait (decision 2)."""

import ast

from tests.house.tree import modules

EDGE = (
    "src/romaport/api/",
    "src/romaport/assembly.py",
    "src/romaport/cli/",
    "src/romaport/jobs/engine",
    "src/romaport/storage/archives.py",
    "src/romaport/storage/feed.py",
    "src/romaport/storage/marks.py",
    "src/romaport/storage/queue.py",
    "src/romaport/storage/quick.py",
    "src/romaport/storage/rounds.py",
    "src/romaport/storage/sessions.py",
    "src/romaport/storage/versions.py",
)


def test_async_code_stays_at_the_edge() -> None:
    found = {
        f"{module.name}:{node.lineno}"
        for module in modules("src")
        if not module.name.startswith(EDGE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith)
    }
    assert found == set()
