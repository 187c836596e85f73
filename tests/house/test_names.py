"""A name says what a thing is; these say nothing. And the environment is read in one place."""

import ast

from tests.house.tree import modules

FORBIDDEN = frozenset(
    {
        "utils", "util", "helpers", "helper", "common", "base", "core", "misc",
        "manager", "service", "handler", "processor", "impl", "data", "info",
    }
)  # fmt: skip

NAMES_OF_KINDS = frozenset({"data_source", "service", "service_property"})
"""Words of the vendor's that mean one thing here; the glossary says which."""

ENVIRONMENT_READERS_MAX = 1


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    named = {
        f"{module.name}: {word}"
        for module in modules("src", "tests", "benchmarks", "docs")
        for part in module.path.with_suffix("").parts[-4:]
        for word in part.strip("_").split("_")
        if word in FORBIDDEN and not (part in NAMES_OF_KINDS and "kinds" in module.path.parts)
        if part in FORBIDDEN or not part.startswith("test_")
    }
    assert named == set()


def test_no_class_has_a_name_that_says_nothing() -> None:
    endings = tuple(word.capitalize() for word in FORBIDDEN)
    named = [
        f"{module.name}: {node.name}"
        for module in modules("src")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(endings)
    ]
    assert named == []


def test_the_environment_is_read_in_one_module_of_the_command_line() -> None:
    readers = {
        module.name
        for module in modules("src")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and any("env" in name.name for name in node.names))
    }
    assert len(readers) <= ENVIRONMENT_READERS_MAX, readers
    assert all(name.startswith("src/romaport/cli/") for name in readers), readers
