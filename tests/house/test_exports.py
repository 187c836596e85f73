"""What a package offers is written in its `__all__`: sorted, complete, explained, and all that others use of it."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from tests.house.tree import SOURCE, Module, modules

INNER_ALLOWED = {
    "romaport.wire": "a namespace of shapes; each of its modules is one surface of the contract",
    "romaport.storage.tables": "the tables are spoken of by the stores of three packages, and by nobody else",
    "romaport.storage.migrations": "alembic wants them below storage; the assembly runs them at start",
}
"""What is imported past its package's face, each with its reason."""


def dotted_name(module: Module) -> str:
    parts = module.path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def is_imported(module: Module) -> bool:
    # Alembic loads its files by path, and importing `__main__` would run the program.
    return "/migrations/versions/" not in module.name and module.path.name not in {"__main__.py", "env.py"}


MODULES = {dotted_name(module): module for module in modules("src") if is_imported(module)}
FACES = [name for name in MODULES if name.count(".") == 1]
"""The packages and modules right below romaport."""


def offered(found: ModuleType) -> list[str]:
    return list(getattr(found, "__all__", []))


def imported(name: str) -> ModuleType:
    return importlib.import_module(name)


def crossings() -> Iterator[tuple[str, ast.ImportFrom]]:
    """Yield every import of one part of romaport by another, with the module that imports."""
    for name, module in MODULES.items():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("romaport."):
                continue
            if str(node.module).split(".")[1] != name.split(".")[1:2][0]:
                yield name, node


def order(name: str) -> tuple[int, list[int | str]]:
    """Sort as ruff does: constants, classes, the rest; numbers inside names by value."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return rank, [int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", name)]


def documented_constants() -> set[str]:
    """Answer every name of romaport whose assignment is followed by a text of its own."""
    return {
        target.id
        for module in MODULES.values()
        for node, after in zip(module.tree.body, module.tree.body[1:], strict=False)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
        for target in ([node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", []))
        if isinstance(target, ast.Name)
    }


def is_explained(name: str, value: object) -> bool:
    if inspect.isclass(value) or inspect.isroutine(value):
        return bool(value.__doc__)
    return name in documented_constants()


@pytest.mark.parametrize("name", MODULES)
def test_all_is_sorted_and_names_what_exists(name: str) -> None:
    found = imported(name)
    assert offered(found) == sorted(offered(found), key=order)
    assert [item for item in offered(found) if not hasattr(found, item)] == []


@pytest.mark.parametrize("name", FACES)
def test_every_exported_name_is_explained(name: str) -> None:
    found = imported(name)
    assert inspect.getdoc(found)
    assert [item for item in offered(found) if not is_explained(item, getattr(found, item))] == []


def test_others_use_only_what_a_package_offers() -> None:
    unoffered = {
        f"{name}: {node.module}.{item.name}"
        for name, node in crossings()
        # The catalogue offers every error in it.
        if node.module != "romaport.errors"
        for item in node.names
        if item.name not in offered(imported(str(node.module)))
    }
    assert unoffered == set()


def test_others_import_a_package_by_its_face() -> None:
    inner = {(name, str(node.module)) for name, node in crossings() if str(node.module).count(".") > 1}
    allowed = {pair for pair in inner if pair[1].startswith(tuple(INNER_ALLOWED))}
    assert inner - allowed == set()


def test_an_exception_that_is_no_longer_needed_is_removed() -> None:
    used = {str(node.module) for _, node in crossings()}
    assert [prefix for prefix in INNER_ALLOWED if not any(name.startswith(prefix) for name in used)] == []
