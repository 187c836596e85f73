"""Values files: the secrets of a package's holes, in YAML or JSON, with `${NAME}` for the environment.

data_source:
  orders-db:
    content.password: ${ORDERS_DB_PASSWORD}
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from romaport.errors import ParameterInvalid

__all__ = ["read_values"]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BYTES_MAX = 4 * 1024 * 1024

Values = dict[str, dict[str, dict[str, Any]]]


def read_values(path: Path, environment: Mapping[str, str]) -> Values:
    """Read a values file; raise `ParameterInvalid` for another form, or for variables that are not set, all of them."""
    if path.stat().st_size > _BYTES_MAX:
        raise ParameterInvalid(name="--values", rule=f"must be at most {_BYTES_MAX} bytes")
    try:
        found = msgspec.yaml.decode(path.read_bytes(), type=Values)
    except (msgspec.DecodeError, RecursionError) as cause:
        # The sentence of the parser may show what the file holds, and that is secret.
        raise ParameterInvalid(
            name="--values", rule="must be YAML or JSON like kind: {name: {field: value}}"
        ) from cause
    missing = sorted({name for name in _variables(found) if name not in environment})
    if missing:
        raise ParameterInvalid(name="--values", rule=f"names variables that are not set: {', '.join(missing)}")
    return {
        kind: {
            name: {path: _filled(value, environment) for path, value in fields.items()}
            for name, fields in names.items()
        }
        for kind, names in found.items()
    }


def _variables(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _VARIABLE.findall(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _variables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _variables(inner)


def _filled(value: Any, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: environment[found[1]], value)
    if isinstance(value, dict):
        return {name: _filled(inner, environment) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, environment) for inner in value]
    return value
