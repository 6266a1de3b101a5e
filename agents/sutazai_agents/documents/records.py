"""JSON and JSON lines: each value on a line with the path to it, so that it says what it is."""

import json
from collections.abc import Iterator
from typing import Any

from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.documents.writing import Writer

_DEEPEST = 200
_LONGEST_PATH = 200
_LONGEST_KEY = 100
_LINE = 400
_SAMPLE_LINES = 20
_CLIPPED = "…"


class _Object(list[tuple[str, Any]]):
    """An object of JSON: its members in order, those with the same name too."""


class _Literal(str):
    """A number, as it is written: no digit is lost, and none is too large."""

    __slots__ = ()


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Object,
    parse_int=_Literal,
    parse_float=_Literal,
    parse_constant=_Literal,
)
_WORDS = {True: "true", False: "false", None: "null"}


def parse_json(text: str) -> Parsed | None:
    """Read JSON; None where the text is none, or nested deeper than can be followed."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value, end = _DECODER.raw_decode(text, len(text) - len(text.lstrip()))
    except (ValueError, RecursionError):
        return None
    if text[end:].strip() or not value:
        return None
    return _written(_entries(value), "application/json")


def parse_json_lines(text: str) -> Parsed | None:
    """Read one object or array of JSON a line; None where a line among the first is none.

    A later line that is none is kept as it stands.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or not all(map(_is_record, lines[:_SAMPLE_LINES])):
        return None
    return _written(_line_entries(lines), "application/jsonl")


def _written(entries: Iterator[str], media_type: str) -> Parsed:
    writer = Writer()
    for entry in entries:
        writer.add(entry, "code")
    return Parsed(writer.joined(), media_type, None, tuple(writer.blocks))


def _is_record(line: str) -> bool:
    return line.lstrip().startswith(("{", "[")) and _decoded(line) is not None


def _decoded(line: str) -> Any:
    try:
        return _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None


def _line_entries(lines: list[str]) -> Iterator[str]:
    for line in lines:
        value = _decoded(line)
        yield line if value is None else "\n".join(_lines("", value))


def _entries(value: Any) -> Iterator[str]:
    """Give the text of each member of the whole, small scalars of an object together."""
    together: list[str] = []
    for path, member in _members("", value):
        if isinstance(member, list) and not _is_flat(member):
            if together:
                yield "\n".join(together)
                together = []
            yield "\n".join(_lines(path, member))
        else:
            together.extend(_lines(path, member))
            if len(together) >= _SAMPLE_LINES:
                yield "\n".join(together)
                together = []
    if together:
        yield "\n".join(together)


def _lines(path: str, value: Any) -> Iterator[str]:
    """Write a value depth first, without recursion; what is deeper than can be told is left out."""
    waiting: list[tuple[str, Any, int]] = [(path, value, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if not isinstance(value, list) or not value:
            yield _line(path, _scalar(value))
        elif _is_flat(value):
            yield from _flat_lines(path, value)
        elif depth >= _DEEPEST:
            yield _line(path, _CLIPPED)
        else:
            members = [(inner, member, depth + 1) for inner, member in _members(path, value)]
            waiting.extend(reversed(members))


def _members(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, _Object):
        for key, member in value:
            name = " ".join(key.split())[:_LONGEST_KEY] or '""'
            yield _short(f"{path}.{name}" if path else name), member
    else:
        for number, member in enumerate(value):
            yield _short(f"{path}[{number}]"), member


def _is_flat(value: Any) -> bool:
    """Tell a list of numbers and words, which is written on one line."""
    return not isinstance(value, _Object) and not any(isinstance(each, list) for each in value)


def _flat_lines(path: str, values: list[Any]) -> Iterator[str]:
    line: list[str] = []
    length = 0
    for value in values:
        scalar = _scalar(value)
        if line and length + len(scalar) > _LINE:
            yield _line(path, ", ".join(line))
            line, length = [], 0
        line.append(scalar)
        length += len(scalar) + 2
    yield _line(path, ", ".join(line))


def _line(path: str, value: str) -> str:
    return f"{path}: {value}" if path else value


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "{}" if isinstance(value, _Object) else "[]"
    return _WORDS[value]


def _short(path: str) -> str:
    """Cut a long path from the left: the nearest names say most."""
    return path if len(path) <= _LONGEST_PATH else _CLIPPED + path[1 - _LONGEST_PATH :]
