"""Who shows wrong credentials is slowed: what is remembered of whom, and for how long."""

from dataclasses import dataclass

import pytest

from sutazai.adapters.limits.inprocess import InProcessLimits
from sutazai.core.identity import guesses as module
from sutazai.core.identity.guesses import Guesses
from sutazai.core.limits.port import Rate
from sutazai_contracts.errors import RateLimited


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(clock: Clock) -> Guesses:
    return Guesses(InProcessLimits(clock), Rate(3, 2.0), clock)


async def slowed(guesses: Guesses, address: str) -> None:
    for number in range(3):
        await guesses.wrong(address, f"guess {number}")
    with pytest.raises(RateLimited):
        await guesses.wrong(address, "one more")


async def test_an_address_is_slowed_and_let_go_again(guesses: Guesses, clock: Clock) -> None:
    guesses.turn_away("one", "a guess")
    await slowed(guesses, "one")
    with pytest.raises(RateLimited) as refused:
        guesses.turn_away("one", "anything")
    assert 0 < refused.value.retry_after_s <= 2
    guesses.turn_away("two", "anything")
    clock.now += 2.1
    guesses.turn_away("one", "anything")


async def test_what_is_good_passes_until_it_is_wrong(guesses: Guesses) -> None:
    guesses.good("a key")
    await slowed(guesses, "one")
    guesses.turn_away("one", "a key")
    with pytest.raises(RateLimited):
        await guesses.wrong("one", "a key")
    with pytest.raises(RateLimited):
        guesses.turn_away("one", "a key")


async def test_no_more_is_remembered_than_there_is_room_for(
    guesses: Guesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    monkeypatch.setattr(module, "_ADDRESSES", 2)
    for key in ("first", "second", "first", "third"):
        guesses.good(key)
    for address in ("a", "b", "c"):
        await slowed(guesses, address)
    guesses.turn_away("a", "anything")
    guesses.turn_away("c", "first")
    with pytest.raises(RateLimited):
        guesses.turn_away("c", "second")
