"""Where boxes of a picture are: none touches another, and all are within it."""

from itertools import combinations

import pytest

from sutazai_ui.views.places import MOST_NARROW, MOST_WIDE, NARROW, WIDE, Size, in_turn, line, ring

CASES = [
    (count, size, centred)
    for size, most in ((WIDE, MOST_WIDE), (NARROW, MOST_NARROW))
    for centred in (False, True)
    for count in range(1, most + 1 + (centred and size is WIDE))
    if size is WIDE or not centred
]


@pytest.mark.parametrize(("count", "size", "centred"), CASES)
def test_no_two_boxes_touch_and_all_are_within(count: int, size: Size, centred: bool) -> None:
    drawn = ring(count, size, centred=centred)
    assert len(drawn.middles) == count
    for one, two in combinations(drawn.middles, 2):
        across, down = abs(one[0] - two[0]), abs(one[1] - two[1])
        assert across > size.box_width or down > size.box_height
    for x, y in drawn.middles:
        assert size.box_width / 2 - 0.01 <= x <= size.width - size.box_width / 2 + 0.01
        assert size.box_height / 2 - 0.01 <= y <= drawn.height - size.box_height / 2 + 0.01
    # It is seen whole, without scrolling.
    assert drawn.height <= 600


def test_the_first_is_in_the_middle_where_it_is_to_be() -> None:
    drawn = ring(5, WIDE, centred=True)
    assert drawn.middles[0] == pytest.approx((WIDE.width / 2, drawn.height / 2))


def test_what_is_joined_is_near_each_other() -> None:
    joined = [("a", "d"), ("d", "b")]
    assert in_turn(["a", "b", "c", "d"], joined) == ["a", "d", "b", "c"]
    assert in_turn([], joined) == []
    # A link to what is not there, or to itself, leads nowhere.
    assert in_turn(["a", "b"], [("a", "a"), ("a", "x")]) == ["a", "b"]


def test_a_line_is_as_long_and_turned_as_it_has_to_be() -> None:
    assert line((0, 0), (30, 40)) == pytest.approx((50, 53.130), abs=0.001)
    assert line((10, 0), (0, 0)) == pytest.approx((10, 180))
