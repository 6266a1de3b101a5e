"""Where chunks that are joined to others stand among what was found."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sutazai_contracts.joining import MOST_JOINED, MOST_SEEDS, SEEDS, Joined, seeds, with_joined

IDS = [UUID(int=number) for number in range(16)]
Ids = st.lists(st.sampled_from(IDS), unique=True)


@dataclass(frozen=True)
class Found:
    """A chunk that was found."""

    chunk: UUID


def found(ids: list[UUID]) -> list[Found]:
    return [Found(id) for id in ids]


async def everything(chunks: tuple[UUID, ...]) -> list[Found]:
    """Rank chunks as they come."""
    return [Found(chunk) for chunk in chunks]


async def test_they_take_every_other_place_from_the_third_on() -> None:
    joined = Joined(near={IDS[8]: 1, IDS[9]: 0}, far={IDS[10]: 0})
    placed = await with_joined(found(IDS[:5]), joined, 8, everything)
    order = [0, 1, 9, 2, 8, 3, 10, 4]
    assert [one.hit.chunk for one in placed] == [IDS[n] for n in order]
    assert [one.by_graph for one in placed] == [n >= 8 for n in order]
    assert [one.score for one in placed] == [1 / place for place in range(1, 9)]


async def test_of_equally_joined_ones_those_most_like_the_question_come_first() -> None:
    async def backwards(chunks: tuple[UUID, ...]) -> list[Found]:
        return found([*chunks][::-1])

    joined = Joined(near={IDS[8]: 0, IDS[9]: 0, IDS[10]: 1})
    placed = await with_joined(found(IDS[:2]), joined, 8, backwards)
    assert [one.hit.chunk for one in placed[2:]] == [IDS[9], IDS[8], IDS[10]]


async def test_what_is_farther_is_looked_at_where_there_is_room() -> None:
    asked: list[int] = []

    async def heard(chunks: tuple[UUID, ...]) -> list[Found]:
        asked.append(len(chunks))
        return found([*chunks])

    joined = Joined(near={IDS[8]: 0, IDS[9]: 0}, far={IDS[10]: 0})
    await with_joined(found(IDS[:2]), joined, 2, heard)
    assert asked == [2]
    await with_joined(found(IDS[:2]), joined, 3, heard)
    assert asked == [2, 2, 1]
    await with_joined(found(IDS[:2]), Joined(), 3, heard)
    assert asked == [2, 2, 1]


@given(Ids, Ids, Ids, st.integers(1, 12))
async def test_nothing_is_doubled_and_the_best_two_stay(
    hits: list[UUID], near: list[UUID], far: list[UUID], limit: int
) -> None:
    joined = Joined(near=dict.fromkeys(near, 0), far=dict.fromkeys(far, 0))
    placed = [one.hit.chunk for one in await with_joined(found(hits), joined, limit, everything)]
    assert placed[:2] == hits[:2][: len(placed)] or len(hits) < 2
    assert len(set(placed)) == len(placed) <= limit
    if len({*hits, *near}) >= limit:
        assert len(placed) == limit


def test_the_first_hits_are_what_others_are_joined_to() -> None:
    assert seeds(found(IDS)) == IDS[:SEEDS]
    assert seeds([]) == []


@pytest.mark.parametrize(
    "places", [{uuid4(): 0 for _ in range(MOST_JOINED + 1)}, {IDS[0]: MOST_SEEDS}, {IDS[0]: -1}]
)
def test_no_answer_is_larger_than_may_be(places: dict[UUID, int]) -> None:
    for name in ("near", "far"):
        with pytest.raises(ValidationError):
            Joined.model_validate({name: places})
