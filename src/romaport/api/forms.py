"""Forms with fields and a file, read from a body that is already here (contract 7.7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from romaport.errors import BodyInvalid, BodyMissing

__all__ = ["Form", "read_form"]

_PARTS_MAX = 32
_FIELD_BYTES_MAX = 1_024


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a form holds, by the names of its parts."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def is_true(self, name: str, *, default: bool, problems: list[str]) -> bool:
        """Read a field that is true or false, in any case; note what is wrong otherwise."""
        text = self.fields.get(name, "").lower()
        if text not in ("", "true", "false"):
            problems.append(f"{name}: must be true or false")
        return text == "true" if text else default


def read_form(body: bytes, headers: Mapping[str, str]) -> Form:
    """Take a multipart body apart; raise `BodyMissing` or `BodyInvalid` if it is no such form.

    A part with a file name is a file, any other a field.
    """
    if not body:
        raise BodyMissing
    kind, options = parse_options_header(headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise BodyInvalid(problems="Content-Type: must be multipart/form-data with a boundary")
    form = Form()
    for segment, content in _parts(body, options["boundary"]):
        name = (segment.name or "")[:64]
        if name in form.fields or name in form.files:
            raise BodyInvalid(problems=f"{name}: must be given once")
        if segment.filename is not None:
            form.files[name] = content
        else:
            form.fields[name] = _text(name, content)
    return form


def _parts(body: bytes, boundary: str) -> list[tuple[MultipartSegment, bytes]]:
    found: list[tuple[MultipartSegment, bytearray]] = []
    try:
        parser = PushMultipartParser(boundary, max_segment_count=_PARTS_MAX)
        for event in (*parser.parse(body), *parser.parse(b"")):
            if isinstance(event, MultipartSegment):
                found.append((event, bytearray()))
            elif event is not None:
                found[-1][1].extend(event)
    except MultipartError as cause:
        raise BodyInvalid(problems=f"body: is no complete multipart form ({cause})") from cause
    return [(segment, bytes(content)) for segment, content in found]


def _text(name: str, content: bytes) -> str:
    if len(content) > _FIELD_BYTES_MAX:
        raise BodyInvalid(problems=f"{name}: must be at most {_FIELD_BYTES_MAX} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as cause:
        raise BodyInvalid(problems=f"{name}: must be UTF-8") from cause
