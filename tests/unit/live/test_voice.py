"""The voice: offsets, merged pieces, and an end that never fails the work."""

import asyncio
from itertools import pairwise

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.frames import Frame
from sutazai_kit.live.memory import MemoryLive
from sutazai_kit.live.voice import END_S, EVERY_S, Voice
from tests.support.claims import a_claim
from tests.unit.kit.virtual_time import now, virtual_time

CLAIM = a_claim(attempt=3, lease_s=10)


class Listening(MemoryLive):
    """Write down each frame, when it came, and each end; an end may fail or hang."""

    def __init__(self, error: Exception | None = None, *, hangs: bool = False) -> None:
        super().__init__()
        self.error, self.hangs = error, hangs
        self.frames: list[tuple[float, Frame]] = []
        self.ends: list[int] = []

    def publish(self, frame: Frame) -> None:
        self.frames.append((now(), frame))
        super().publish(frame)

    async def close(self, task: object, attempt: int) -> None:
        self.ends.append(attempt)
        if self.error is not None:
            raise self.error
        if self.hangs:
            await asyncio.Event().wait()


@virtual_time
async def test_the_first_piece_goes_at_once_and_what_follows_soon_goes_together() -> None:
    live = Listening()
    voice, begun = Voice(CLAIM, live), now()
    for _ in range(100):
        voice.say("word ")
        await asyncio.sleep(0.005)
    await voice.end()
    frames = [frame for _, frame in live.frames]
    assert live.frames[0][0] == begun
    assert frames[0].text == "word "
    assert "".join(frame.text for frame in frames) == "word " * 100
    assert [f.offset for f in frames[1:]] == [f.offset + len(f.text) for f in frames[:-1]]
    times = [at for at, _ in live.frames[:-1]]
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= EVERY_S - 1e-6
    assert {(f.task, f.run, f.step, f.attempt) for f in frames} == {
        (CLAIM.task, CLAIM.run, "write", 3)
    }


@virtual_time
async def test_what_waits_goes_out_though_nothing_follows() -> None:
    live = Listening()
    voice = Voice(CLAIM, live)
    voice.say("a")
    voice.say("b")
    voice.say("c")
    assert [frame.text for _, frame in live.frames] == ["a"]
    await asyncio.sleep(EVERY_S)
    assert [frame.text for _, frame in live.frames] == ["a", "bc"]


@virtual_time
async def test_the_end_sends_the_rest_and_later_words_are_not_heard() -> None:
    live = Listening()
    voice = Voice(CLAIM, live)
    voice.say("a")
    voice.say("b")
    await voice.end()
    voice.say("c")
    await voice.end()
    await asyncio.sleep(1)
    assert [frame.text for _, frame in live.frames] == ["a", "b"]
    assert live.ends == [3]


@virtual_time
async def test_an_end_that_fails_or_hangs_holds_nothing_up_for_long() -> None:
    for live in (Listening(Unavailable("away")), Listening(hangs=True)):
        voice, begun = Voice(CLAIM, live), now()
        voice.say("a")
        await voice.end()
        assert live.ends == [3]
        assert now() - begun <= END_S + 0.001


@virtual_time
async def test_who_says_nothing_sends_nothing() -> None:
    live = Listening()
    voice = Voice(CLAIM, live)
    voice.say("")
    await voice.end()
    assert (live.frames, live.ends) == ([], [])
    silent = Voice(CLAIM, None)
    silent.say("nobody listens")
    await silent.end()


@virtual_time
async def test_a_lone_surrogate_becomes_what_can_be_sent() -> None:
    live = Listening()
    Voice(CLAIM, live).say("a\ud83db")
    [(_, frame)] = live.frames
    assert frame.text == "a?b"
    assert frame.model_dump_json()
