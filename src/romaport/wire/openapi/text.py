"""JSON and YAML to plain values and back, for documents of strangers.

YAML is read from its events, by the rules of version 1.2 that OpenAPI asks for: `no` is a text, a date is a text,
and so is every key. Composing it with the library instead would end the process on deep nesting and would let a
few aliases stand for any number of values.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

import msgspec
import yaml

from romaport.errors import BodyInvalid, BodyTooLarge
from romaport.wire.openapi.options import OpenapiOptions

__all__ = ["Syntax", "check_size", "parse", "render"]


class Syntax(StrEnum):
    """How a document is written."""

    JSON = "json"
    YAML = "yaml"


_TAG = "tag:yaml.org,2002:"
_DIRECTIVES_MAX = 16
_WHOLE_LENGTH_MAX = 300
_WIDTH = 120

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAGGED: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}
# What JSON cannot say stays a text: .inf, .nan, and octal numbers, which readers of YAML read in two ways.
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_JSON_START = re.compile(r"\s*\{")


def parse(text: bytes, options: OpenapiOptions) -> Any:
    """Read a document in JSON, or else in YAML, within the limits.

    Raises `BodyTooLarge`, or `BodyInvalid` with what is wrong and where.
    """
    if len(text) > options.document_bytes_max:
        raise BodyTooLarge(limit_bytes=options.document_bytes_max)
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise BodyInvalid(problems="document: must be UTF-8") from cause
    if _JSON_START.match(decoded):
        return _from_json(decoded, options)
    return _from_yaml(decoded, options)


def render(tree: Any, syntax: Syntax) -> bytes:
    """Write plain values; what is written as YAML means the same to readers of version 1.1 and of 1.2."""
    if syntax is Syntax.JSON:
        return msgspec.json.format(msgspec.json.encode(tree), indent=2)
    written: str = yaml.dump(
        tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_WIDTH
    )
    return written.encode()


# JSON


def _from_json(text: str, options: OpenapiOptions) -> Any:
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated.extend(name for name, count in counts.items() if count > 1)
        return found

    try:
        tree = json.loads(
            text, object_pairs_hook=collect, parse_int=_whole, parse_float=_finite, parse_constant=_refused_constant
        )
    except RecursionError as cause:
        raise BodyInvalid(problems=_too_deep(options)) from cause
    except ValueError as cause:
        raise BodyInvalid(problems=f"document: must be JSON ({cause})") from cause
    if repeated:
        raise BodyInvalid(problems="; ".join(_stands_twice(name) for name in repeated[: options.problems_max]))
    check_size(tree, options)
    return tree


def _whole(text: str) -> int:
    if len(text) > _WHOLE_LENGTH_MAX:
        raise ValueError(f"a whole number has more than {_WHOLE_LENGTH_MAX} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is beyond what a double can hold")
    return value


def _refused_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def check_size(tree: Any, options: OpenapiOptions) -> None:
    """Raise `BodyInvalid` if plain values are too many, too deep, or have a text that cannot be written."""
    level, depth, nodes = [tree], 0, 0
    while level:
        nodes += len(level)
        if depth > options.depth_max:
            raise BodyInvalid(problems=_too_deep(options))
        if nodes > options.nodes_max:
            raise BodyInvalid(problems=_too_many(options))
        # Parts that are shared may stand in many places; one too many is enough to know.
        level = list(islice((inner for value in level for inner in _inner(value)), options.nodes_max + 1))
        depth += 1


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        for name in value:
            _check_text(name)
        yield from value.values()


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BodyInvalid(problems="document: must not contain U+0000")
    # JSON can spell half of a surrogate pair, which no encoding can write again.
    try:
        text.encode()
    except UnicodeEncodeError as cause:
        raise BodyInvalid(problems="document: a text has half of a surrogate pair") from cause


# YAML


@dataclass(slots=True)
class _Node:
    """A list or an object while it is read, or what an anchor stands for."""

    value: Any
    anchor: str | None = None
    nodes: int = 1
    height: int = 0
    key: str | None = None
    is_merging: bool = False
    merged: list[dict[str, Any]] = field(default_factory=list)

    @property
    def awaits_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None


class _Builder:
    """Makes plain values of YAML events, and refuses before anything becomes too large or too deep."""

    def __init__(self, options: OpenapiOptions) -> None:
        self._options = options
        self._open: list[_Node] = []
        self._anchors: dict[str, _Node] = {}
        self._nodes = 0
        self.root = _Node(None, nodes=0)

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._start(event, {}, "map")
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start(event, [], "seq")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root.nodes:
            raise _refusal(event, "must be one document")

    def _start(self, event: Any, value: Any, tag: str) -> None:
        if event.tag not in {None, "!", _TAG + tag}:
            raise _refusal(event, "tags other than those of JSON's types are not read")
        if self._open and self._open[-1].awaits_key:
            raise _refusal(event, "a key must be a text")
        self._count(1, height=1)
        self._open.append(_Node(value, anchor=event.anchor))

    def _end(self, event: Any) -> None:
        node = self._open.pop()
        for merged in node.merged:
            node.value.update({name: value for name, value in merged.items() if name not in node.value})
        self._add(node, event)

    def _scalar(self, event: Any) -> None:
        if self._open and self._open[-1].awaits_key:
            self._key(event)
        else:
            self._count(1, height=0)
            self._add(_Node(_scalar_value(event), anchor=event.anchor), event)

    def _key(self, event: Any) -> None:
        node = self._open[-1]
        node.is_merging = event.value == "<<" and event.implicit[0]
        if event.value in node.value or (node.is_merging and node.merged):
            raise _refusal(event, _stands_twice(event.value))
        node.key = event.value

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            raise _refusal(event, "an alias must name an anchor that is complete")
        if self._open and self._open[-1].awaits_key:
            raise _refusal(event, "a key must be a text")
        self._count(known.nodes, height=known.height)
        self._add(_Node(known.value, nodes=known.nodes, height=known.height), event)

    def _add(self, node: _Node, event: Any) -> None:
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.nodes += node.nodes
        parent.height = max(parent.height, node.height + 1)
        if isinstance(parent.value, list):
            parent.value.append(node.value)
        elif parent.is_merging:
            parent.merged = _merged(node.value, event)
            parent.key = None
        else:
            parent.value[parent.key] = node.value
            parent.key = None

    def _count(self, nodes: int, *, height: int) -> None:
        self._nodes += nodes
        if self._nodes > self._options.nodes_max:
            raise BodyInvalid(problems=_too_many(self._options))
        if len(self._open) + height > self._options.depth_max:
            raise BodyInvalid(problems=_too_deep(self._options))


def _from_yaml(text: str, options: OpenapiOptions) -> Any:
    # Directives are kept in a list that the library searches again for each; a document needs one at most.
    if text.count("\n%") > _DIRECTIVES_MAX:
        raise BodyInvalid(problems=f"document: must have at most {_DIRECTIVES_MAX} directives")
    builder = _Builder(options)
    try:
        for event in yaml.parse(text, Loader=yaml.CBaseLoader):
            builder.take(event)
    except yaml.YAMLError as cause:
        raise BodyInvalid(problems=_syntax_problem(cause)) from cause
    return builder.root.value


def _scalar_value(event: Any) -> Any:
    if event.tag in {None, "!"}:
        return _plain_value(event) if event.implicit[0] else event.value
    if event.tag == _TAG + "str":
        return event.value
    value = _plain_value(event)
    if not isinstance(value, _TAGGED.get(event.tag.removeprefix(_TAG), ())):
        raise _refusal(event, "tags other than those of JSON's types are not read")
    return value


def _plain_value(event: Any) -> Any:
    text: str = event.value
    if text in _WORDS:
        return _WORDS[text]
    try:
        if _INTEGER.fullmatch(text):
            return _whole(text)
        return _finite(text) if _FLOAT.fullmatch(text) else text
    except ValueError as cause:
        raise _refusal(event, str(cause)) from cause


def _merged(value: Any, event: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(part, dict) for part in found):
        raise _refusal(event, "<< must name an object or a list of objects")
    return found


def _refusal(event: Any, rule: str) -> BodyInvalid:
    return BodyInvalid(problems=f"{_place(event.start_mark)}: {rule}")


def _syntax_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return f"{_place(mark) if mark else 'document'}: must be JSON or YAML ({said})"


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _stands_twice(name: str) -> str:
    return f"{json.dumps(name[:_WIDTH], ensure_ascii=False)}: stands twice in one object"


def _too_deep(options: OpenapiOptions) -> str:
    return f"document: must be nested at most {options.depth_max} deep"


def _too_many(options: OpenapiOptions) -> str:
    return f"document: must have at most {options.nodes_max} values, with everything that is repeated"


class _Dumper(yaml.CSafeDumper):  # type: ignore[misc] # the library has no types
    """Writes every value out, and quotes each text that some reader would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's own signature
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar(_TAG + "str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
# Besides what a reader of version 1.1 would take for a number, which the library knows.
_Dumper.add_implicit_resolver(_TAG + "int", re.compile(rf"^(?:{_INTEGER.pattern})$"), list("-+0123456789"))
_Dumper.add_implicit_resolver(_TAG + "float", re.compile(rf"^(?:{_FLOAT.pattern})$"), list("-+.0123456789"))
