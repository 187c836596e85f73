"""What the pages are made of: Markdown, and sentences that stand in the code."""

import ast
import inspect
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise

NOTE = "Made from the code by `make docs`; change it there."


def page(title: str, words: str, *parts: str) -> str:
    """Write a page: its title, what to know of it, and its parts."""
    return "\n\n".join([f"# {title}", NOTE, words, *(part.strip() for part in parts)]) + "\n"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table; a bar or a line's end inside a cell does no harm."""
    lines = [heads, tuple("---" for _ in heads), *(tuple(map(_cell, row)) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def code(text: object) -> str:
    """Write something as code; nothing stays nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def first_line(documented: object) -> str:
    """Answer the first line of what a class, function or module says of itself."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def sentences(words: type[Enum]) -> dict[str, str]:
    """Answer the sentence below each member of an enumeration, by its value; Python itself does not keep them."""
    (definition,) = ast.parse(inspect.getsource(words)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for member, below in pairwise(definition.body):
        match member, below:
            case ast.Assign(value=ast.Constant(value=str(word))), ast.Expr(value=ast.Constant(value=str(sentence))):
                found[word] = " ".join(sentence.split())
            case _:
                pass
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
