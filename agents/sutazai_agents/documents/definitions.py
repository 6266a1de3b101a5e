"""Definitions in source code of any language, told by what their lines look like."""

import re
from collections.abc import Iterator

from sutazai_agents.documents.parsed import shorten

_LONGEST_LINE = 300
_MODIFIERS = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|inline"
    r"|virtual|override|sealed|partial|unsafe|extern|pub(?:\([a-z]{1,9}\))?|open|data|suspend"
    r"|declare|local|native|synchronized|constexpr|mut|case|or|replace|create|temporary)\s+){0,6}"
)
_NAME = r"(?P<name>[A-Za-z_$~][\w$.:~?!]*)"
_WORD = re.compile(
    rf"{_MODIFIERS}(?P<word>class|struct|enum|interface|trait|impl|namespace|module|object|record"
    r"|protocol|extension|union|actor|type|func|function|fn|fun|def|defp|defmodule|sub|procedure"
    r"|proc|macro_rules!|message|service|rpc|table|view)\b\s*(?:<[^<>]{0,80}>\s*)?"
    rf"(?:\([^()]{{0,100}}\)\s*)?(?:if not exists\s+)?{_NAME}",
    re.IGNORECASE,
)
_ARROW = re.compile(
    r"(?:export\s+)?(?:default\s+)?(?:const|let|var)\s+" + _NAME + r"\s*(?::[^=]{0,100})?=\s*"
    r"(?:async\b\s*)?(?:function\b|\([^()]{0,200}\)\s*(?::[^=]{0,100})?=>|[\w$]+\s*=>)"
)
# A type, a name, what it takes; no statement: those end with a semicolon or begin with a keyword.
_TYPED = re.compile(
    r"(?:[A-Za-z_][\w:<>,\[\]]*[ \t*&]+){1,6}" + _NAME + r"[ \t]*\([^;{}]{0,200}\)?"
    r"[^;{}=]{0,60}\{?[ \t]*$"
)
_METHOD = re.compile(
    r"(?:(?:async|static|get|set|public|private|protected|readonly)\s+){0,4}\*?\s*"
    + _NAME
    + r"\s*\([^;{}]{0,200}\)[^;{}=]{0,80}\{[ \t]*$"
)
_SHELL = re.compile(_NAME + r"\s*\(\)\s*\{?[ \t]*$")
_KEYWORDS = frozenset(
    str.split(
        "if else elif for foreach while do switch case return throw try catch finally with using "
        "new delete sizeof typeof await yield import from include require package print echo "
        "not and or in is as of unless until goto assert defer select go"
    )
)
_HOLDERS = frozenset(
    str.split(
        "class struct enum interface trait impl namespace module object record protocol "
        "extension union actor defmodule service"
    )
)
_CLOSES = re.compile(r"[\])}]|end\b|fi\b|done\b|esac\b|\{|else\b|rescue\b|ensure\b|catch\b|EOF\b")
_LABEL = re.compile(r"(?:public|private|protected|signals|slots|default)\s*:")
_COMMENT = re.compile(r"#|//|/\*|\*|--|@|\[|\"\"\"|'''")


def definitions(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Give where what is defined changes: the number of the line, from 0, and the names."""
    holder: str | None = None
    member_indent: int | None = None
    path: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n")):
        stripped = line.strip()
        if not stripped or len(line) > _LONGEST_LINE or _COMMENT.match(stripped):
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            if _CLOSES.match(stripped) or _LABEL.match(stripped):
                continue
            found = _defined(stripped, member=False)
            holder = found[0] if found and found[1] else None
            member_indent = None
            following: tuple[str, ...] = (found[0],) if found else ()
        elif holder is not None and (member_indent is None or indent <= member_indent):
            member_indent = indent
            found = _defined(stripped, member=True)
            if found is None:
                continue
            following = (holder, found[0])
        else:
            continue
        if following != path or following:
            yield number, following
        path = following


def _defined(line: str, *, member: bool) -> tuple[str, bool] | None:
    """Give what a line defines, and whether that holds definitions of its own."""
    if found := _WORD.match(line):
        return _named(found["name"]), found["word"].lower() in _HOLDERS
    first = re.match(r"[\w$]+", line)
    if first and first[0].lower() in _KEYWORDS:
        return None
    others = (_ARROW, _METHOD, _TYPED) if member else (_ARROW, _SHELL, _TYPED)
    for pattern in others:
        if (found := pattern.match(line)) and found["name"].lower() not in _KEYWORDS:
            return _named(found["name"]), False
    return None


def _named(name: str) -> str:
    return shorten(name.rstrip(":.?!"))
