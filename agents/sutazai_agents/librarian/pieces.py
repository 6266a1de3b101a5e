"""The pieces a section is made of: what a chunk may begin or end with."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from sutazai_agents import sentences
from sutazai_agents.documents.parsed import Block, Kind, trim
from sutazai_agents.sentences import Span

# Shorter pieces are joined to their neighbours: a bound on how many there are, whatever comes.
_SHORT = 40
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|[0-9]{1,9}[.)])[ \t]")
_LONGEST_PART = 64


class Seam(IntEnum):
    """What lies before a piece; a cut there costs the more the further down it stands."""

    BLOCK = 0
    SENTENCE = 1
    ITEM = 2
    LINE = 3
    WORD = 4
    CHARACTER = 5
    HEADING = 6  # a heading would be left alone


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of the text without white space at its end, and the seam before it."""

    start: int
    end: int
    seam: Seam


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, with headings above it that hold nothing else."""

    heading_path: tuple[str, ...]
    blocks: tuple[Block, ...]


def sections(blocks: Iterable[Block]) -> Iterator[Section]:
    """Group blocks by the heading they stand under."""
    held: list[Block] = []
    for block in blocks:
        begins = block.kind == "heading" or (held and held[-1].heading_path != block.heading_path)
        if held and begins and not _goes_on(held, block):
            yield Section(held[-1].heading_path, tuple(held))
            held = []
        held.append(block)
    if held:
        yield Section(held[-1].heading_path, tuple(held))


def _goes_on(held: Sequence[Block], block: Block) -> bool:
    """Tell whether so far there are only headings, and the next one is below them."""
    above = held[-1].heading_path
    deeper = len(block.heading_path) > len(above)
    return (
        deeper
        and block.heading_path[: len(above)] == above
        and all(each.kind == "heading" for each in held)
    )


def pieces(text: str, section: Section) -> list[Piece]:
    """Cut a section at its blocks, and those into sentences, list items or lines."""
    cut: list[Piece] = []
    after: Kind | None = None
    was_short = False
    for block in section.blocks:
        seam = Seam.HEADING if after == "heading" else Seam.BLOCK
        is_short = block.end - block.start < _SHORT and seam is Seam.BLOCK
        if is_short and was_short and cut[-1].end - cut[-1].start < _SHORT:
            cut[-1] = Piece(cut[-1].start, block.end, cut[-1].seam)
        else:
            cut.extend(_of_block(text, block, seam))
        after, was_short = block.kind, is_short
    return cut


def _of_block(text: str, block: Block, seam: Seam) -> Iterator[Piece]:
    if block.kind == "heading" or block.end - block.start < _SHORT:
        yield Piece(block.start, block.end, seam)
        return
    cut = sentences.sentences if block.kind == "paragraph" else sentences.whole_lines
    for number, (start, end) in enumerate(_spans(text, cut(text, block.start, block.end))):
        yield Piece(start, end, _inner_seam(text, block.kind, start) if number else seam)


def _inner_seam(text: str, kind: Kind, start: int) -> Seam:
    if kind == "paragraph":
        return Seam.SENTENCE
    return Seam.ITEM if kind == "list" and _ITEM.match(text, start) else Seam.LINE


def _spans(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    for span in _joined(spans):
        start, end = trim(text, *span)
        if start < end:
            yield start, end


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Join neighbouring spans until each is long enough to count for itself."""
    begin = end = -1
    for start, stop in spans:
        if begin < 0:
            begin = start
        elif end - begin >= _SHORT:
            yield begin, end
            begin = start
        end = stop
    if begin >= 0:
        yield begin, end


def finer(text: str, piece: Piece) -> list[Piece]:
    """Cut a piece that is too long for a chunk: by lines, sentences, words, then characters.

    Returns:
        At least two pieces, or the piece itself where it is a single character.
    """
    for seam, cut in _FINER:
        spans = list(_spans(text, cut(text, piece.start, piece.end)))
        if len(spans) > 1:
            return _in_place_of(piece, spans, seam)
    size = max(1, min(_LONGEST_PART, (piece.end - piece.start) // 2))
    parts = sentences.characters(text, piece.start, piece.end, size)
    return _in_place_of(
        piece, [span for span in parts if not text[slice(*span)].isspace()], Seam.CHARACTER
    )


def _in_place_of(piece: Piece, spans: Sequence[Span], seam: Seam) -> list[Piece]:
    first, *others = spans
    return [Piece(*first, piece.seam), *(Piece(*span, seam) for span in others)]


_FINER: tuple[tuple[Seam, Callable[[str, int, int], Iterator[Span]]], ...] = (
    (Seam.LINE, sentences.whole_lines),
    (Seam.SENTENCE, sentences.sentences),
    (Seam.WORD, sentences.words),
)
