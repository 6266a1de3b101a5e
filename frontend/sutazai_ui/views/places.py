"""Where the boxes of a picture are: on a ring, so that each line between two can be seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import atan2, cos, degrees, hypot, pi, sin


@dataclass(frozen=True)
class Size:
    """How wide a picture is, and how large its boxes; in pixels."""

    width: int
    box_width: int
    box_height: int


@dataclass(frozen=True)
class Drawn:
    """The middle of each box, and how high the picture is; in pixels."""

    middles: tuple[tuple[float, float], ...]
    height: float


WIDE = Size(700, 138, 56)
# On a phone.
NARROW = Size(340, 112, 70)
# Boxes that a ring holds.
MOST_WIDE, MOST_NARROW = 12, 6
# Between two boxes at least; and so much higher a ring is made at a time until they have it.
_APART, _STEP = 6, 6


def ring(count: int, size: Size, *, centred: bool) -> Drawn:
    """Place boxes on a ring that is as low as can be without two that touch.

    Args:
        count: how many; `MOST_WIDE` or `MOST_NARROW` at most, the one in the middle beside.
        size: of the picture and its boxes.
        centred: whether the first is in the middle of the ring.
    """
    around = count - 1 if centred else count
    across = (size.width - size.box_width) / 2
    down = 0.0 if around < 2 and not centred else float(size.box_height)
    while True:
        for turned in (0.5, 0.0):
            middles = [_at(number + turned, around, across, down) for number in range(around)]
            if centred:
                middles.insert(0, (0.0, 0.0))
            if not _touch(middles, size):
                return _moved(middles, size)
        down += _STEP


def in_turn(names: Sequence[str], joined: Sequence[tuple[str, str]]) -> list[str]:
    """Put names in an order in which those that are joined are near each other, as far as it goes.

    Args:
        names: what is put in order, the first first.
        joined: which two are joined, the strongest first.
    """
    left, order = list(names), list[str]()
    while left:
        last = order[-1] if order else ""
        ends = (two[two[0] == last] for two in joined if last in two)
        following = next((end for end in ends if end in left), left[0])
        left.remove(following)
        order.append(following)
    return order


def line(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Give how long a line is, and by how many degrees it is turned."""
    across, down = end[0] - start[0], end[1] - start[1]
    return hypot(across, down), degrees(atan2(down, across))


def _at(number: float, count: int, across: float, down: float) -> tuple[float, float]:
    """Give a place on a ring around zero, clockwise from the top; two are left and right of it."""
    if count == 1:
        return 0.0, down
    angle = 2 * pi * number / count
    return across * sin(angle), -down * cos(angle)


def _touch(middles: Sequence[tuple[float, float]], size: Size) -> bool:
    wide, high = size.box_width + _APART, size.box_height + _APART
    return any(
        abs(one[0] - two[0]) < wide - 0.5 and abs(one[1] - two[1]) < high - 0.5
        for one, two in combinations(middles, 2)
    )


def _moved(middles: Sequence[tuple[float, float]], size: Size) -> Drawn:
    """Move what is around zero so that the uppermost box begins at the top."""
    top = min(y for _, y in middles) - size.box_height / 2
    bottom = max(y for _, y in middles) + size.box_height / 2
    return Drawn(tuple((x + size.width / 2, y - top) for x, y in middles), bottom - top)
