"""Source code: the text as it is, in blocks by what it defines; the heading path names it.

Python is read by its own grammar. Other languages by what their lines look like: a definition
begins on a line without indentation, or one step into a class or the like, and lasts until the
next one or until code follows that belongs to none. What that gets wrong is where a chunk ends.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from sutazai_agents.documents.definitions import definitions
from sutazai_agents.documents.parsed import Block, Parsed, lines, shorten, trim

_LARGEST_FOR_AST = 1_000_000
_LANGUAGES = {
    "python": "py pyi pyw",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts mts cts tsx",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala",
    "csharp": "cs",
    "c": "c h",
    "c++": "cc cpp cxx hpp hh hxx",
    "objective-c": "m mm",
    "go": "go",
    "rust": "rs",
    "swift": "swift",
    "ruby": "rb",
    "php": "php",
    "perl": "pl pm",
    "lua": "lua",
    "shellscript": "sh bash zsh",
    "sql": "sql",
    "r": "r",
    "dart": "dart",
    "elixir": "ex exs",
    "haskell": "hs",
    "css": "css scss less",
    "makefile": "mk",
    "protobuf": "proto",
}
_BY_SUFFIX = {
    f".{suffix}": language for language, all_ in _LANGUAGES.items() for suffix in all_.split()
}
_SHEBANG = re.compile(r"#!\S*?(?:\s+-\S+)*[/ ](?:env\s+)?(python|node|ruby|perl|php|lua|bash|sh)")
_BY_PROGRAM = {"node": "javascript", "bash": "shellscript", "sh": "shellscript"}
_BY_NAME = {"makefile": "makefile", "dockerfile": "dockerfile", "gnumakefile": "makefile"}


@dataclass(frozen=True, slots=True)
class _Change:
    """From here on the text belongs to another definition."""

    line: int
    path: tuple[str, ...]


def language_of(text: str, name: str) -> str | None:
    """Tell the programming language: by the program a script names, else by its name."""
    if found := _SHEBANG.match(text[:200]):
        return _BY_PROGRAM.get(found[1], found[1])
    path = PurePosixPath(name.lower())
    return _BY_SUFFIX.get(path.suffix) or _BY_NAME.get(path.name)


def parse_source(text: str, language: str) -> Parsed:
    """Find the definitions of a program."""
    changes = list(_changes(text, language))
    blocks = tuple(_blocks(text, changes))
    return Parsed(text, f"text/x-{language}", None, blocks)


def _changes(text: str, language: str) -> Iterator[_Change]:
    if language == "python" and len(text) <= _LARGEST_FOR_AST:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass  # Python of another time, or none at all
        else:
            yield from _of_python(tree)
            return
    for line, path in definitions(text):
        yield _Change(line, path)


def _of_python(tree: ast.Module) -> Iterator[_Change]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield _Change(_first_line(node), (shorten(node.name),))
            yield from _members(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _Change(_first_line(node), (shorten(node.name),))
        else:
            yield _Change(node.lineno - 1, ())


def _members(node: ast.ClassDef) -> Iterator[_Change]:
    for member in node.body:
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield _Change(_first_line(member), (shorten(node.name), shorten(member.name)))
        else:
            yield _Change(member.lineno - 1, (shorten(node.name),))


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1


def _blocks(text: str, changes: list[_Change]) -> Iterator[Block]:
    """Cut at blank lines and where a definition begins; comments right above belong to it."""
    paths = _paths(text, changes)
    start = 0
    path: tuple[str, ...] = paths[0] if paths else ()
    for number, (begin, end, line) in enumerate(lines(text)):
        blank = not line.strip()
        if blank or paths[number] != path:
            yield from _block(text, start, begin, path)
            start, path = (end if blank else begin), paths[number]
    yield from _block(text, start, len(text), path)


def _block(text: str, start: int, end: int, path: tuple[str, ...]) -> Iterator[Block]:
    begin, stop = trim(text, start, end)
    if begin < stop:
        yield Block(begin, stop, path, "code")


_LEADING = re.compile(r"\s*(?:#|//|/\*|\*|--|@|\[|\"\"\")")


def _paths(text: str, changes: list[_Change]) -> list[tuple[str, ...]]:
    """Give for every line the definition it belongs to."""
    all_lines = text.split("\n")
    paths: list[tuple[str, ...]] = [()] * len(all_lines)
    starts = [change.line for change in changes] + [len(all_lines)]
    for change, end in zip(changes, starts[1:], strict=True):
        paths[change.line : end] = [change.path] * (end - change.line)
    for change in changes:
        above = change.line - 1
        while change.path and above >= 0 and _LEADING.match(all_lines[above]):
            paths[above] = change.path
            above -= 1
    return paths
