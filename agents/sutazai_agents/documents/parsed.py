"""What parsing gives: the text that is stored, and the blocks it is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# As IANA registers it; of source code the names that are in use, such as `text/x-python`.
MediaType = str
Kind = Literal["heading", "paragraph", "list", "table", "code"]

# A heading is a label: what is longer is shortened where it serves as one.
LONGEST_HEADING = 200


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the text at `start:end` (code points), and the headings it stands under.

    A heading's own block stands under itself. Blocks follow one another, do not overlap, and hold
    every character of the text that is not white space.
    """

    start: int
    end: int
    heading_path: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True)
class Parsed:
    """A document that was read: `text` is what is stored, shown and cited.

    `pages` is how many it has, where it has any; `warnings` say what is missing from the text.
    """

    text: str
    media_type: MediaType
    title: str | None
    blocks: tuple[Block, ...]
    pages: int | None = None
    warnings: tuple[str, ...] = ()


class Outline:
    """Follow the headings of a document and tell which ones hold at a place."""

    def __init__(self) -> None:
        """Start above the first heading."""
        self._open: list[tuple[int, str]] = []
        self.path: tuple[str, ...] = ()
        self.title: str | None = None

    def enter(self, level: int, heading: str) -> tuple[str, ...]:
        """Pass a heading: it ends those of its level and deeper ones. The first of level 1 names
        the document.
        """
        label = shorten(" ".join(heading.split()))
        self._open = [(depth, text) for depth, text in self._open if depth < level]
        self._open.append((level, label))
        self.path = tuple(text for _, text in self._open)
        if level == 1 and self.title is None:
            self.title = label
        return self.path


def shorten(heading: str) -> str:
    """Cut a heading that is no label any more."""
    return heading if len(heading) <= LONGEST_HEADING else heading[: LONGEST_HEADING - 1] + "…"


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out white space at the end and blank lines at the start; indentation stays.

    Returns:
        The span, with `start == end` where there is nothing but white space.
    """
    stripped = text[start:end].rstrip()
    indented = len(stripped) - len(stripped.lstrip())
    first_line = stripped.rfind("\n", 0, indented) + 1
    return (start + first_line, start + len(stripped)) if stripped else (start, start)


def lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Give every line: where it starts, where the next one does, and the line without its end."""
    start = 0
    for line in text.split("\n"):
        following = min(start + len(line) + 1, len(text))
        yield start, following, line
        start = following
