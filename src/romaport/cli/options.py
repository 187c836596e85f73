"""Groups of command line options: written once as a dataclass, taken by any command as one parameter."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import get_type_hints

__all__ = ["grouped"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let typer see the fields of each dataclass parameter as options of the command's own.

    A field's annotation is what typer takes, its default is the option's.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if is_dataclass(hint) and isinstance(hint, type)}

    def run(**given: object) -> None:
        filled = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **filled)

    parameters = list(_flat(inspect.signature(command), hints, groups))
    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _flat(
    signature: inspect.Signature, hints: dict[str, object], groups: dict[str, type]
) -> Iterator[inspect.Parameter]:
    """Answer the command's parameters, each group replaced by its fields; all given by name."""
    for name, parameter in signature.parameters.items():
        if name in groups:
            group_hints = get_type_hints(groups[name], include_extras=True)
            for field in fields(groups[name]):
                yield _parameter(field.name, _default(field), group_hints[field.name])
        else:
            yield _parameter(name, parameter.default, hints[name])


def _default(field: "Field[object]") -> object:
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _parameter(name: str, default: object, annotation: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
