"""Markdown: the source is the text, so a citation shows what the person wrote."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sutazai_agents.documents.parsed import (
    LONGEST_HEADING,
    Block,
    Kind,
    Outline,
    Parsed,
    lines,
    shorten,
    trim,
)

_KINDS: dict[str, Kind] = {
    "heading_open": "heading",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
}
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:(?!---)[^\n]*\n)*+---[ \t]*(?:\n|\Z)")
_TITLE = re.compile(r"^title[ \t]*:[ \t]*([^\n]+)$", re.MULTILINE)
_LONGEST_INLINE = 2 * LONGEST_HEADING
_MARKS = re.compile(r"[\[*_`<]")
_MOST_MARKS = 40


def parse_markdown(text: str) -> Parsed:
    """Find the blocks of CommonMark with tables and front matter; code fences, tables and lists
    are one block each.
    """
    builder = _Builder(text)
    builder.read()
    return Parsed(text, "text/markdown", builder.title, tuple(builder.blocks))


class _Builder:
    def __init__(self, text: str) -> None:
        self.blocks: list[Block] = []
        self._body = 0
        self._text = text
        self._starts = [start for start, _, _ in lines(text)] + [len(text)]
        # One of its own: a parser that is new compiles its rules at the first use, which two
        # threads must not do at once.
        self._parser = MarkdownIt("commonmark").enable("table")
        self._outline = Outline()
        self._done = 0
        self._heading: Token | None = None
        self._front_title: str | None = None
        if front := _FRONT_MATTER.match(text):
            self._body = front.end()
            self._add(0, self._body, "code")
            if title := _TITLE.search(front[0]):
                self._front_title = shorten(title[1].strip().strip("\"'").strip()) or None

    @property
    def title(self) -> str | None:
        """Tell the title: of the front matter, else the first heading of level 1."""
        return self._front_title or self._outline.title

    def read(self) -> None:
        """Take every block; front matter is blanked out, so that lines keep their numbers."""
        text, body, tokens = self._text, self._body, list[Token]()
        source = "\n" * text.count("\n", 0, body) + text[body:] if body else text
        self._parser.block.parse(source, self._parser, {}, tokens)
        for token in tokens:
            self._token(token)
        self._gap(len(text))

    def _token(self, token: Token) -> None:
        """Take the next token; only those of the document's own level make blocks."""
        if self._heading is not None:
            self._enter(self._heading, token)
        elif token.level == 0 and token.nesting >= 0 and token.map is not None:
            first, last = token.map
            self._gap(self._starts[first])
            if token.type == "heading_open":
                self._heading = token
            else:
                kind = _KINDS.get(token.type, "paragraph")
                self._add(self._starts[first], self._starts[last], kind)

    def _gap(self, until: int) -> None:
        """Keep what made no token, such as link definitions and what is nested too deep."""
        self._add(self._done, until, "paragraph")

    def _enter(self, heading: Token, content: Token) -> None:
        self._heading = None
        first, last = heading.map or [0, 0]
        if label := self._plain(content.content):
            self._outline.enter(int(heading.tag[1:]), label)
        self._add(self._starts[first], self._starts[last], "heading")

    def _add(self, start: int, end: int, kind: Kind) -> None:
        start, stop = trim(self._text, max(start, self._done), end)
        if start < stop:
            self.blocks.append(Block(start, stop, self._outline.path, kind))
        self._done = max(end, self._done)

    def _plain(self, markup: str) -> str:
        """Give the words of a heading without its markup."""
        markup = markup[:_LONGEST_INLINE]
        # Inline parsing is not linear; a heading of so many marks is none that people write.
        if len(_MARKS.findall(markup)) > _MOST_MARKS:
            return markup.strip()
        tokens: list[Token] = []
        self._parser.inline.parse(markup, self._parser, {}, tokens)
        return "".join(map(_words, tokens)).strip()


def _words(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return "" if token.type == "html_inline" else token.content
