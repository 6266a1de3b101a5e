"""Chunks that are joined to others by what both name, and where they stand among what was found.

The search of the API and the researcher both place them by `with_joined`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import Field

from sutazai_contracts.tasks import Message

# So many of the first hits tell what else belongs to the question.
SEEDS = 5
# Of those that are asked about, no more count.
MOST_SEEDS = 32
# No more than a search may give.
MOST_JOINED = 100
# The best two stay what they were found to be without the graph.
_UNTOUCHED = 2

_Places = Annotated[
    dict[UUID, Annotated[int, Field(ge=0, lt=MOST_SEEDS)]], Field(max_length=MOST_JOINED)
]


class Joined(Message):
    """Chunks that are joined to others, each with the place of the first of these it is joined to.

    Those in `near` name what the others name, those in `far` what is linked to that.
    """

    near: _Places = Field(default_factory=dict)
    far: _Places = Field(default_factory=dict)


class Hit(Protocol):
    """A chunk that was found."""

    @property
    def chunk(self) -> UUID:
        """Give its id."""


Found = TypeVar("Found", bound=Hit)


@dataclass(frozen=True, slots=True)
class Placed(Generic[Found]):
    """A chunk in its place; `by_graph`: it is there by what joins it to others alone."""

    hit: Found
    score: float
    by_graph: bool


def seeds(hits: Sequence[Hit]) -> list[UUID]:
    """Give the chunks whose joined ones belong to a question, of its hits, best first."""
    return [hit.chunk for hit in hits[:SEEDS]]


async def with_joined(
    hits: Sequence[Found],
    joined: Joined,
    limit: int,
    among: Callable[[tuple[UUID, ...]], Awaitable[Sequence[Found]]],
) -> list[Placed[Found]]:
    """Put chunks that are joined to the best hits between these, from the third place on.

    They take every other place: those first that the best hit leads to, then those most like the
    question. Scores of two searches can't be compared, so the score is the reciprocal of the place.

    Args:
        hits: what the question found, best first.
        joined: what is joined to `seeds(hits)`.
        limit: how many are given at most.
        among: ranks some chunks by the question, best first; those that are gone are left out.
    """
    beside: list[Found] = []
    for first in (joined.near, joined.far):
        if first and len(beside) < limit:
            found = await among(tuple(first))
            beside += sorted(found, key=lambda hit: first[hit.chunk])
    direct = {hit.chunk for hit in hits}
    return [
        Placed(hit, 1 / (1 + place), hit.chunk not in direct)
        for place, hit in enumerate(_interleaved(hits, beside)[:limit])
    ]


def _interleaved(hits: Sequence[Found], beside: Sequence[Found]) -> list[Found]:
    """Put what was found beside the hits between them, each chunk once."""
    order = [*hits[:_UNTOUCHED]]
    rest, others = list(hits[_UNTOUCHED:]), list(beside)
    while rest or others:
        order += [*others[:1], *rest[:1]]
        del others[:1], rest[:1]
    once: dict[UUID, Found] = {}
    for hit in order:
        once.setdefault(hit.chunk, hit)
    return list(once.values())
