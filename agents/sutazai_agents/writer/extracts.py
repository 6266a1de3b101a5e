"""What can be quoted from a passage: sentences, list items, table rows, lines of code.

The text of a passage is Markdown as it was written, plain text, or the visible text of a page,
and may begin and end anywhere in a list, a table or a listing; so it is read line by line, and
nothing here relies on what stands before it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sutazai_agents.sentences import Span, sentences, whole_lines, words

Kind = Literal["prose", "item", "row", "code"]

LONGEST_QUOTE = 600
# A longer list item is cut into its sentences.
_LONGEST_ITEM = 300

_FENCE = re.compile(r"[ \t>]*(?:```|~~~)")
_HEADING = re.compile(r"[ \t>]*#{1,6}(?:\s|$)")
_RULE = re.compile(r"[ \t>]*([-=*_~^#+\"'`.:])(?:[ \t]*\1){2,}[ \t]*")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_ROW = re.compile(r"[ \t]*\||[^|\n]* \| ")
_ITEM = re.compile(r"[ \t>]*(?:[-*+•]|[0-9]{1,9}[.)])[ \t]+")
# Possessive, so that a long line of what is nearly a link takes no longer than another one.
_URL = r"<?[a-z][a-z0-9+.-]*+://[^\s>]*+>?"
_TITLE = r"(?:[ \t]++(?:\"[^\"\n]*+\"|'[^'\n]*+'))?"
_LINK = rf"!?\[[^\]\n]*+\](?:\([^)\n]*+\)|\[[^\]\n]*+\]|:[ \t]*+\S++{_TITLE})"
_TAG = r"<!--(?:(?!-->)[^\n])*+-->|</?[a-z][^<>\n]*+>"
_BARE = re.compile(rf"(?:[\s|·•*-]*+(?:{_LINK}|{_URL}|{_TAG}))++[\s|·•*.-]*", re.IGNORECASE)
_EMPHASIS = re.compile(r"(\*\*|__)(?P<inner>[^*_]+)\1")
_QUOTE_MARK = re.compile(r"[ \t]*(?:>[ \t]?)+")


@dataclass(frozen=True, slots=True)
class Extract:
    """A span of a passage's text that can be quoted, and what says what it is about.

    Attributes:
        start: where it begins in the passage's text, in code points.
        end: where it ends, exclusive.
        kind: what it is a piece of.
        section: which stretch of the text it is in; headings, rules and bare links part them.
        block: which paragraph, item, table or listing it is a part of.
        context: the head of its table, or what leads to it, such as "Run this:".
    """

    start: int
    end: int
    kind: Kind
    section: int = 0
    block: int = 0
    context: str = ""

    def of(self, text: str) -> str:
        """Give its words."""
        return text[self.start : self.end]


def extracts(text: str, heading_path: Iterable[str] = ()) -> list[Extract]:
    """Find what can be quoted from a passage, in its order.

    Headings, rules, bare links and comments are left out: none of them answers anything.

    Args:
        text: the passage.
        heading_path: the headings it stands under; a line that repeats one is a heading.

    Returns:
        Spans that do not overlap, none longer than `LONGEST_QUOTE`, none blank.
    """
    reader = _Reader(text, {_folded(heading) for heading in heading_path})
    for start, end in whole_lines(text, 0, len(text)):
        reader.line(start, end)
    reader.flush()
    return reader.found


def _folded(line: str) -> str:
    return " ".join(line.split()).casefold()


class _Reader:
    """Read lines; lines of one paragraph or item wait until it ends."""

    def __init__(self, text: str, headings: set[str]) -> None:
        self.found: list[Extract] = []
        self._text = text
        self._headings = headings
        self._fenced = False
        self._held: tuple[int, int, Kind] | None = None
        self._section = self._block = 0
        self._head = ""
        self._lead = ""

    def line(self, start: int, end: int) -> None:
        line = self._text[start:end].rstrip()
        if _FENCE.match(line):
            self.flush()
            self._fenced = not self._fenced
            self._block += 1
        elif self._fenced:
            self._add(start, end, "code", self._lead)
        elif not line.strip():
            self.flush()
            self._block += 1
            self._head = ""
        elif not self._skipped(line):
            self._read(start, end, line)

    def _skipped(self, line: str) -> bool:
        """Pass what is no text of its own; an underline makes a heading of what is above it."""
        if "|" in line and "-" in line and _TABLE_RULE.fullmatch(line):
            self._header()
            return True
        if _RULE.fullmatch(line):
            self._held = None
        elif not (_HEADING.match(line) or _BARE.fullmatch(line) or _folded(line) in self._headings):
            return False
        self.flush()
        self._section += 1
        self._lead = ""
        return True

    def _header(self) -> None:
        """Make the last row the head of the rows that follow."""
        if self.found and self.found[-1].kind == "row":
            self._head = self.found.pop().of(self._text)

    def _read(self, start: int, end: int, line: str) -> None:
        if _ROW.match(line):
            self.flush()
            self._add(start, end, "row", self._head or self._lead)
        elif item := _ITEM.match(line):
            self.flush()
            self._held = (start + item.end(), end, "item")
        elif self._held is None:
            self._held = (start, end, "prose")
        else:
            self._held = (self._held[0], end, self._held[2])

    def flush(self) -> None:
        """End the paragraph or item that is read."""
        if self._held is None:
            return
        start, end, kind = self._held
        self._held = None
        lead = self._lead if kind == "item" else ""
        whole = kind == "item" and end - start <= _LONGEST_ITEM
        parts = [(start, end)] if whole else sentences(self._text, start, end)
        before = len(self.found)
        for part in parts:
            self._add(*part, kind, lead)
        if len(self.found) > before:
            self._leads(kind, self.found[-1].of(self._text))
        self._block += 1

    def _leads(self, kind: Kind, said: str) -> None:
        """Note what leads to what follows; items do not end it, another paragraph does."""
        if said.endswith(":"):
            self._lead = said
        elif kind == "prose":
            self._lead = ""

    def _add(self, start: int, end: int, kind: Kind, context: str) -> None:
        for piece in _short_enough(self._text, start, end):
            first, last = trimmed(self._text, *piece, kind)
            if any(sign.isalnum() for sign in self._text[first:last]):
                found = Extract(first, last, kind, self._section, self._block, context)
                self.found.append(found)


def trimmed(text: str, start: int, end: int, kind: Kind = "prose") -> Span:
    """Move the edges of a span past white space and the marks of quotes, cells and emphasis."""
    if kind == "code":
        return _stripped(text, start, end)
    marks = "|" if kind == "row" else ""
    start, end = _stripped(text, start, end, marks)
    if mark := _QUOTE_MARK.match(text, start, end):
        start, end = _stripped(text, mark.end(), end, marks)
    if emphasis := _EMPHASIS.fullmatch(text, start, end):
        start, end = _stripped(text, *emphasis.span("inner"), marks)
    return start, end


def _stripped(text: str, start: int, end: int, marks: str = "") -> Span:
    while start < end and (text[start].isspace() or text[start] in marks):
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in marks):
        end -= 1
    return start, end


def _short_enough(text: str, start: int, end: int) -> Iterator[Span]:
    """Cut what is longer than a quote may be, between words where there are any."""
    if end - start <= LONGEST_QUOTE:
        yield start, end
        return
    begin = start
    stop = start
    for _, word_end in words(text, start, end):
        if word_end - begin > LONGEST_QUOTE and stop > begin:
            yield begin, stop
            begin = stop
        while word_end - begin > LONGEST_QUOTE:
            yield begin, begin + LONGEST_QUOTE
            begin += LONGEST_QUOTE
        stop = word_end
    if begin < end:
        yield begin, end
