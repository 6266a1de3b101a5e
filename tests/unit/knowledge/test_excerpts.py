"""Excerpts of stored texts."""

from collections.abc import AsyncIterator

import pytest

from sutazai.core.knowledge.excerpts import bounds, excerpt
from sutazai_contracts.errors import FilesUnavailable, InvalidInput

TEXT = "aé你😀" * 50


@pytest.mark.parametrize(
    ("start", "end", "characters", "given"),
    [
        (0, None, 10, (0, 10)),
        (5, None, 100_000, (5, 20_005)),
        (10, None, 10, (10, 10)),
        (0, 10, 10, (0, 10)),
        (0, 99, 10, (0, 10)),
        (3, 3, 10, (3, 3)),
        (0, 200_000, 300_000, (0, 200_000)),
        (0, 999_999, 200_000, (0, 200_000)),
    ],
)
def test_bounds(start: int, end: int | None, characters: int, given: tuple[int, int]) -> None:
    assert bounds(start, end, characters) == given


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [(-1, None, "start"), (300_001, None, "start"), (5, 4, "end"), (0, 200_001, "end")],
)
def test_bounds_out_of_range(start: int, end: int | None, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bounds(start, end, 300_000)
    assert refused.value.field == field


async def stream(data: bytes, step: int, read: list[bytes] | None = None) -> AsyncIterator[bytes]:
    for start in range(0, len(data), step):
        if read is not None:
            read.append(data[start : start + step])
        yield data[start : start + step]


@pytest.mark.parametrize("step", [1, 3, 7, 10_000])
@pytest.mark.parametrize(("start", "end"), [(0, 200), (0, 1), (3, 4), (199, 200), (7, 7), (2, 99)])
async def test_an_excerpt_counts_code_points(start: int, end: int, step: int) -> None:
    assert await excerpt(stream(TEXT.encode(), step), start, end) == TEXT[start:end]


async def test_no_more_is_read_than_needed() -> None:
    read: list[bytes] = []
    await excerpt(stream(b"x" * 1000, 10, read), 5, 25)
    assert len(read) == 3


async def test_a_text_that_is_short_or_damaged_is_said() -> None:
    with pytest.raises(FilesUnavailable, match="shorter"):
        await excerpt(stream(b"abc", 2), 0, 4)
    with pytest.raises(FilesUnavailable, match="damaged"):
        await excerpt(stream(b"ab\xff", 2), 0, 3)
