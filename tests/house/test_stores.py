"""The use case owns the transaction: nothing but the database module begins or ends one."""

import ast

from tests.house.tree import dotted, modules

ENDINGS = {"commit", "rollback", "begin", "begin_nested"}

OWNERS = {
    "src/romaport/storage/database.py": "opens every transaction there is",
    "src/romaport/storage/migrations/env.py": "alembic's own entry, where each migration is one transaction",
}

# Calls of these receivers share the verb, not the meaning.
OTHERS = {"ledger", "_ledger", "store", "self"}


def test_no_transaction_is_begun_or_ended_outside_the_database_module() -> None:
    found = [
        f"{module.name}:{node.lineno}: {name}"
        for module in modules("src")
        if module.name not in OWNERS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ENDINGS
        and (name := dotted(node.func) or node.func.attr).split(".")[-2:-1] != []
        and name.split(".")[-2] not in OTHERS
    ]
    assert found == []


def test_a_store_takes_the_transaction_first() -> None:
    found = [
        f"{module.name}:{function.lineno}: {name}"
        for module in modules("src")
        if "store" in module.path.with_suffix("").parts
        for name, function in module.functions()
        if "tx" in [given.arg for given in (*function.args.args, *function.args.kwonlyargs)]
        and [given.arg for given in function.args.args if given.arg not in {"self", "cls"}][:1] != ["tx"]
    ]
    assert found == []
