"""Where to cut a section: the cheapest cuts, by dynamic programming."""

from collections.abc import Sequence
from dataclasses import dataclass

from sutazai_agents.librarian.pieces import Piece, Seam
from sutazai_agents.sentences import Span

# Some tokens hold any number of characters (a word of more than 100 is one unknown token), so
# characters bound a chunk as well: about twice what 230 tokens of English prose have.
LONGEST_CHUNK = 2000

_AIM_AT_LEAST = 120
_AIM_AT_MOST = 230
_LONGEST = 256

_COST_PER_CHUNK = 0.3
_COST_OF_SEAM = {
    Seam.BLOCK: 0.0,
    Seam.SENTENCE: 0.5,
    Seam.ITEM: 1.0,
    Seam.LINE: 3.0,
    Seam.WORD: 4.0,
    Seam.CHARACTER: 6.0,
    Seam.HEADING: 8.0,
}
_COST_OF_SMALL = 4.0
_COST_OF_LARGE = 2.0


@dataclass(frozen=True, slots=True)
class Room:
    """How many tokens a chunk may have: what the model takes, and what goes with each chunk."""

    max_tokens: int
    overhead: int

    @property
    def most(self) -> int:
        """Tell how many tokens of text fit, at most."""
        return min(self.max_tokens, _LONGEST) - self.overhead

    def cost(self, tokens: int) -> float:
        """Tell what a chunk of this size costs: nothing for one of the size that is aimed at."""
        whole = tokens + self.overhead
        if whole < _AIM_AT_LEAST:
            return _COST_OF_SMALL * ((_AIM_AT_LEAST - whole) / _AIM_AT_LEAST) ** 2
        if whole > _AIM_AT_MOST:
            return _COST_OF_LARGE * (whole - _AIM_AT_MOST) / (_LONGEST - _AIM_AT_MOST)
        return 0.0


def best_cuts(pieces: Sequence[Piece], tokens: Sequence[int], room: Room) -> list[Span]:
    """Choose the chunks of a section that cost least together.

    Args:
        pieces: what it is made of, in order; none is longer than a chunk may be.
        tokens: how many each of them has.
        room: how many a chunk may have.

    Returns:
        The spans of the chunks, in order; time grows with the pieces, times those in one chunk.
    """
    count = len(pieces)
    best = [0.0] + [float("inf")] * count
    begins = [0] * (count + 1)
    for last in range(1, count + 1):
        total = 0
        for first in range(last - 1, -1, -1):
            total += tokens[first]
            length = pieces[last - 1].end - pieces[first].start
            if first < last - 1 and (total > room.most or length > LONGEST_CHUNK):
                break
            seam = _COST_OF_SEAM[pieces[first].seam] if first else 0.0
            cost = best[first] + seam + _COST_PER_CHUNK + room.cost(total)
            if cost < best[last]:
                best[last], begins[last] = cost, first
    return _followed(pieces, begins)


def _followed(pieces: Sequence[Piece], begins: Sequence[int]) -> list[Span]:
    spans: list[Span] = []
    last = len(pieces)
    while last:
        first = begins[last]
        spans.append((pieces[first].start, pieces[last - 1].end))
        last = first
    return spans[::-1]
