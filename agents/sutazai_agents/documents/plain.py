"""Plain text: paragraphs between blank lines, headings where they are underlined."""

import re
from typing import Literal

from sutazai_agents.documents.parsed import Block, Outline, Parsed, lines, trim

_UNDERLINE = re.compile(r"([=\-~^\"'#*+`:.])\1{2,199}")
_LONGEST_TITLE = 120


def parse_plain(text: str) -> Parsed:
    """Find the paragraphs of plain text, and its headings in the manner of reStructuredText:
    a line of text over a line of one sign at least as long.
    """
    builder = _Builder(text)
    for start, end, line in lines(text):
        builder.line(start, end, line.rstrip())
    builder.paragraph_ends(len(text))
    return Parsed(text, "text/plain", builder.outline.title, tuple(builder.blocks))


class _Builder:
    def __init__(self, text: str) -> None:
        self.blocks: list[Block] = []
        self.outline = Outline()
        self._text = text
        self._signs: list[str] = []
        self._start = 0
        self._pending: list[str] = []  # up to two lines of the paragraph that is read

    def line(self, start: int, end: int, line: str) -> None:
        if not line:
            self.paragraph_ends(start)
        elif title := self._titled_by(line):
            self._heading(line, title, end)
        else:
            # A third line makes a paragraph that no underline can turn into a heading.
            self._pending = [*self._pending, line][:3]

    def paragraph_ends(self, end: int) -> None:
        self._add(end, "paragraph")
        self._pending = []

    def _titled_by(self, line: str) -> str | None:
        """Give the title that this line underlines, perhaps overlined by the same line."""
        if not self._pending or not _UNDERLINE.fullmatch(line):
            return None
        *above, title = self._pending
        if above and above != [line]:
            return None
        longest = min(len(line), _LONGEST_TITLE)
        is_title = len(title.strip()) <= longest and not _UNDERLINE.fullmatch(title)
        return title.strip() if is_title else None

    def _heading(self, underline: str, title: str, end: int) -> None:
        # The first sign that is met is the highest level, the next new one is below it.
        sign = underline[0] * len(self._pending)
        if sign not in self._signs:
            self._signs.append(sign)
        self.outline.enter(self._signs.index(sign) + 1, title)
        self._add(end, "heading")
        self._pending = []

    def _add(self, end: int, kind: Literal["heading", "paragraph"]) -> None:
        start, stop = trim(self._text, self._start, end)
        if start < stop:
            self.blocks.append(Block(start, stop, self.outline.path, kind))
        self._start = end
