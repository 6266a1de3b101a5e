"""Write the visible text of a page as it is read, and note the blocks it falls into."""

import re
from enum import IntEnum

from sutazai_agents.documents.parsed import Block, Kind, Outline

# What HTML calls white space: a no-break space is none.
_SPACES = re.compile("[ \t\n\r\f]+")


class Gap(IntEnum):
    """What stands between one piece of text and the next; the larger wins."""

    NONE = 0
    SPACE = 1
    CELL = 2
    LINE = 3
    PARAGRAPH = 4


_WRITTEN = {
    Gap.NONE: "",
    Gap.SPACE: " ",
    Gap.CELL: " | ",
    Gap.LINE: "\n",
    Gap.PARAGRAPH: "\n\n",
}


class VisibleText:
    """Collect text; gaps are written only between texts, so none stands at an end."""

    def __init__(self) -> None:
        """Start empty."""
        self.blocks: list[Block] = []
        self.outline = Outline()
        self.containers: list[Kind] = []
        self._parts: list[str] = []
        self._length = 0
        self._gap = Gap.NONE
        self._marker = ""
        self._held = ""
        self._line_broken = False
        self._new_block = True
        self._block_start = 0
        self._kind: Kind = "paragraph"
        self._heading_from: int | None = None
        self._row_start = 0

    def joined(self) -> str:
        """Give the whole text, once everything is in."""
        self._end_block()
        return "".join(self._parts)

    def text(self, data: str) -> None:
        """Add text, its white space collapsed as a browser does."""
        words = _SPACES.sub(" ", data)
        if words.startswith(" "):
            self._at_least(Gap.SPACE)
        if stripped := words.strip(" "):
            self._write(stripped)
            if words.endswith(" "):
                self._at_least(Gap.SPACE)

    def preformatted(self, data: str) -> None:
        """Add text as it is; white space at its end waits for more."""
        data = (self._held + data).replace("\r\n", "\n").replace("\r", "\n")
        kept = data.rstrip()
        self._held = data[len(kept) :]
        if kept:
            self._write(kept)

    def paragraph(self, gap: Gap = Gap.PARAGRAPH) -> None:
        """End a block; within a list, table or listing only a line."""
        self._held = ""
        if self.containers:
            if self._gap is not Gap.CELL:
                self._at_least(Gap.LINE)
        else:
            self._at_least(gap)
            self._new_block = True

    def line_break(self) -> None:
        """End a line; twice in a row it ends a paragraph."""
        if self._line_broken:
            self.paragraph()
        self._at_least(Gap.LINE)
        self._line_broken = True

    def enter(self, kind: Kind) -> None:
        """Begin a list, table or listing; what is in one already stays part of it."""
        self.paragraph()
        self.containers.append(kind)

    def leave(self) -> None:
        """End the innermost list, table or listing."""
        self.containers.pop()
        self.paragraph()

    def item(self, marker: str) -> None:
        """Begin a list item; its marker is written with its first text."""
        self.paragraph()
        self._marker = marker

    def item_ends(self) -> None:
        """End a list item; one without text leaves no marker."""
        self._marker = ""
        self.paragraph()

    def row(self) -> None:
        """Begin a table row."""
        self._gap = max(Gap.LINE, self._gap)
        self._row_start = self._length

    def cell(self) -> None:
        """Begin a table cell, apart from the one before it."""
        if self._length > self._row_start and not self._new_block:
            self._gap = Gap.CELL

    def heading(self) -> None:
        """Begin a heading: wherever it stands, a block of its own."""
        self._force_block()
        self._marker = ""
        self._heading_from = len(self._parts)

    def heading_ends(self, level: int) -> None:
        """End a heading; one without text is none."""
        written = self._parts[self._heading_from :] if self._heading_from is not None else []
        self._heading_from = None
        if label := "".join(written).strip():
            self.outline.enter(level, label)
            self._kind = "heading"
        self._force_block()

    def _force_block(self) -> None:
        self._held = ""
        self._end_block()
        self._at_least(Gap.PARAGRAPH)

    def _at_least(self, gap: Gap) -> None:
        self._gap = max(self._gap, gap)

    def _write(self, text: str) -> None:
        if self._new_block:
            self._end_block()
        if self._length:
            self._append(_WRITTEN[self._gap])
        if self._new_block:
            self._block_start = self._length
            self._kind = self.containers[0] if self.containers else "paragraph"
            self._new_block = False
        self._append(self._marker + text)
        self._gap, self._marker, self._line_broken = Gap.NONE, "", False

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _end_block(self) -> None:
        if self._length > self._block_start:
            path = self.outline.path
            self.blocks.append(Block(self._block_start, self._length, path, self._kind))
        self._block_start = self._length
        self._new_block = True
