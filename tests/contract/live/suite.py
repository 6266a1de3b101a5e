"""What every live port has to do. An adapter's test subclasses `LiveContract` and opens it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.frames import Frame
from sutazai_kit.live.port import Live

DEADLINE_S = 10
Batches = AsyncGenerator[Sequence[Frame], None]


@dataclass
class Speaker:
    """One task, and how far its attempt has got."""

    live: Live
    run: UUID = field(default_factory=uuid4)
    task: UUID = field(default_factory=uuid4)
    attempt: int = 1
    revision: int = 0
    offset: int = 0

    def say(self, *pieces: str) -> None:
        """Publish pieces that follow one another."""
        for piece in pieces:
            self.send(self.offset, piece)

    def send(self, offset: int, text: str, attempt: int | None = None) -> None:
        """Publish a piece at an offset, maybe of another attempt."""
        frame = Frame(
            task=self.task,
            run=self.run,
            step="write",
            attempt=attempt or self.attempt,
            revision=self.revision,
            offset=offset,
            text=text,
        )
        self.live.publish(frame)
        self.offset = offset + len(text)

    def again(self) -> None:
        """Begin the next attempt."""
        self.attempt, self.revision, self.offset = self.attempt + 1, 0, 0

    def anew(self) -> None:
        """Begin the attempt's text anew."""
        self.revision, self.offset = self.revision + 1, 0

    async def close(self) -> None:
        """End the attempt."""
        await self.live.close(self.task, self.attempt)

    async def heard(self) -> list[Frame]:
        """Give the text so far, as one who comes now gets it."""
        async with aclosing(self.live.watch(self.run)) as batches:
            return [frame for frame in await take(batches) if frame.task == self.task]

    async def eventually_heard(self, fits: Callable[[list[Frame]], bool]) -> list[Frame]:
        """Come again until the text so far fits."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                if fits(found := await self.heard()):
                    return found
                await asyncio.sleep(0.01)


async def take(batches: Batches) -> Sequence[Frame]:
    """Take the next batch, or fail at the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        return await anext(batches)


async def take_until(batches: Batches, fits: Callable[[Frame], object]) -> list[Frame]:
    """Take frames up to one that fits."""
    frames: list[Frame] = []
    while not any(fits(frame) for frame in frames):
        frames += await take(batches)
    return frames


def ends_at(offset: int) -> Callable[[Frame], bool]:
    """Look for a frame that ends at an offset, or past it."""
    return lambda frame: frame.offset + len(frame.text) >= offset


def is_last(frame: Frame) -> bool:
    """Tell whether nothing follows a frame."""
    return frame.last


def joined(frames: Sequence[Frame]) -> str:
    """Join the frames of one attempt of one task, which have to follow one another."""
    assert len({(frame.task, frame.attempt) for frame in frames}) <= 1
    text, at = "", frames[0].offset if frames else 0
    for frame in frames:
        assert frame.offset == at + len(text), "a gap or a double"
        text += frame.text
    return text


class LiveContract:
    """The contract; see `sutazai_kit.live.port`."""

    def open_live(
        self,
        *,
        cap: int = 1000,
        max_tasks: int = 100,
        ttl_s: float = 60.0,
        linger_s: float = 60.0,
    ) -> AbstractAsyncContextManager[Live]:
        """Open a port with these bounds."""
        raise NotImplementedError

    @pytest.fixture
    async def live(self) -> AsyncIterator[Live]:
        async with self.open_live() as live:
            yield live

    async def test_the_first_batch_comes_at_once_though_nobody_spoke(self, live: Live) -> None:
        assert await Speaker(live).heard() == []

    async def test_a_watcher_gets_what_is_said_in_order(self, live: Live) -> None:
        speaker = Speaker(live)
        async with aclosing(live.watch(speaker.run)) as batches:
            assert list(await take(batches)) == []
            speaker.say("The ", "sea ")
            frames = await take_until(batches, ends_at(8))
            speaker.say("is salt.")
            frames += await take_until(batches, ends_at(16))
        assert joined(frames) == "The sea is salt."
        assert {(f.run, f.step, f.attempt) for f in frames} == {(speaker.run, "write", 1)}

    async def test_who_comes_late_gets_the_text_so_far_then_the_rest(self, live: Live) -> None:
        speaker, other = Speaker(live), Speaker(live)
        other.run = speaker.run
        speaker.say("a", "b", "c")
        other.say("x")
        await speaker.eventually_heard(lambda frames: joined(frames) == "abc")
        async with aclosing(live.watch(speaker.run)) as batches:
            first = await take(batches)
            assert {(f.task, f.offset, f.text) for f in first} == {
                (speaker.task, 0, "abc"),
                (other.task, 0, "x"),
            }
            speaker.say("d")
            [rest] = await take(batches)
            assert (rest.offset, rest.text) == (3, "d")

    async def test_all_watchers_get_all(self, live: Live) -> None:
        speaker = Speaker(live)
        async with (
            aclosing(live.watch(speaker.run)) as one,
            aclosing(live.watch(speaker.run)) as two,
        ):
            await take(one)
            await take(two)
            speaker.say("both", " of you")
            for batches in (one, two):
                assert joined(await take_until(batches, ends_at(11))) == "both of you"

    async def test_a_run_is_watched_without_the_others(self, live: Live) -> None:
        mine, other = Speaker(live), Speaker(live)
        other.say("not for you")
        async with aclosing(live.watch(mine.run)) as batches:
            assert list(await take(batches)) == []
            other.say(", nor this")
            mine.say("mine")
            assert [f.text for f in await take(batches)] == ["mine"]

    async def test_who_takes_slowly_misses_nothing(self, live: Live) -> None:
        speaker = Speaker(live)
        async with aclosing(live.watch(speaker.run)) as batches:
            await take(batches)
            speaker.say(*(f"{n} " for n in range(200)))
            frames = await take_until(batches, ends_at(speaker.offset))
        assert joined(frames) == "".join(f"{n} " for n in range(200))

    async def test_offsets_count_code_points(self, live: Live) -> None:
        speaker = Speaker(live)
        async with aclosing(live.watch(speaker.run)) as batches:
            await take(batches)
            speaker.say("é", "🐢🐢", "語")
            assert joined(await take_until(batches, ends_at(4))) == "é🐢🐢語"

    async def test_frames_that_come_twice_or_overlap_are_given_once(self, live: Live) -> None:
        speaker = Speaker(live)
        async with aclosing(live.watch(speaker.run)) as batches:
            await take(batches)
            for offset, text in ((0, "abc"), (0, "abc"), (2, "cd"), (1, "b"), (4, "e")):
                speaker.send(offset, text)
            assert joined(await take_until(batches, ends_at(5))) == "abcde"

    async def test_a_lost_frame_shows_by_the_offset(self, live: Live) -> None:
        speaker = Speaker(live)
        speaker.send(0, "abc")
        speaker.send(10, "xyz")
        [late] = await speaker.eventually_heard(lambda frames: any(f.offset > 0 for f in frames))
        assert (late.offset, late.text) == (10, "xyz")

    async def test_a_new_attempt_takes_the_place_of_the_old(self, live: Live) -> None:
        speaker = Speaker(live)
        async with aclosing(live.watch(speaker.run)) as batches:
            await take(batches)
            speaker.say("first try")
            await take_until(batches, ends_at(9))
            speaker.again()
            speaker.say("second")
            frames = await take_until(batches, lambda frame: frame.attempt == 2)
            assert joined(frames) == "second"
        [late] = await speaker.heard()
        assert (late.attempt, late.offset, late.text) == (2, 0, "second")

    async def test_a_revision_takes_the_place_of_what_its_attempt_said(self, live: Live) -> None:
        speaker = Speaker(live)
        async with aclosing(live.watch(speaker.run)) as batches:
            await take(batches)
            speaker.say("what it said first")
            await take_until(batches, ends_at(18))
            speaker.anew()
            speaker.say("what", " holds")
            frames = await take_until(batches, lambda frame: ends_at(10)(frame) and frame.revision)
            revised = [frame for frame in frames if frame.revision]
            assert {frame.revision for frame in revised} == {1}
            assert joined(revised) == "what holds"
            speaker.revision = 0
            speaker.send(18, " is void")
            speaker.revision, speaker.offset = 1, 10
            await speaker.close()
            assert not joined(await take_until(batches, is_last))
        [late] = await speaker.heard()
        assert (late.revision, late.offset, late.text, late.last) == (1, 0, "what holds", True)
        speaker.again()
        speaker.say("again")
        [late] = await speaker.eventually_heard(lambda frames: any(f.attempt == 2 for f in frames))
        assert (late.revision, late.text) == (0, "again")

    async def test_a_revision_may_take_all_back(self, live: Live) -> None:
        speaker = Speaker(live)
        speaker.say("nothing of this holds")
        speaker.anew()
        speaker.say("")
        [late] = await speaker.eventually_heard(lambda frames: any(f.revision for f in frames))
        assert (late.offset, late.text) == (0, "")

    async def test_a_superseded_attempt_is_not_heard(self, live: Live) -> None:
        speaker = Speaker(live, attempt=2)
        async with aclosing(live.watch(speaker.run)) as batches:
            await take(batches)
            speaker.say("new")
            frames = await take_until(batches, ends_at(3))
            speaker.send(0, "a zombie speaks", attempt=1)
            speaker.send(3, "er")
            frames += await take_until(batches, ends_at(5))
        assert joined(frames) == "newer"
        await live.close(speaker.task, 1)
        assert [frame.last for frame in await speaker.heard()] == [False]

    async def test_an_end_is_told_and_the_text_stays_for_who_comes_late(self, live: Live) -> None:
        speaker = Speaker(live)
        async with aclosing(live.watch(speaker.run)) as batches:
            await take(batches)
            speaker.say("all of it")
            await speaker.close()
            frames = await take_until(batches, is_last)
            assert joined(frames) == "all of it"
            speaker.say(" and more")
            speaker.again()
            speaker.say("again")
            assert joined(await take_until(batches, ends_at(5))) == "again"
        await speaker.close()
        [late] = await speaker.eventually_heard(lambda frames: any(map(is_last, frames)))
        assert (late.text, late.attempt) == ("again", 2)

    async def test_the_end_of_who_never_spoke_says_nothing(self, live: Live) -> None:
        speaker = Speaker(live)
        await speaker.close()
        assert await speaker.heard() == []

    async def test_past_the_cap_the_oldest_text_goes_and_the_offset_tells(self) -> None:
        async with self.open_live(cap=10) as live:
            speaker = Speaker(live)
            speaker.say("0123456789")
            [late] = await speaker.eventually_heard(lambda frames: len(frames) == 1)
            assert (late.offset, late.text) == (0, "0123456789")
            speaker.say("abcd")
            [late] = await speaker.eventually_heard(
                lambda frames: any(f.offset > 0 for f in frames)
            )
            assert (late.offset, late.text) == (4, "456789abcd")
            speaker.say("x" * 1000)
            [late] = await speaker.eventually_heard(
                lambda frames: any(f.offset > 4 for f in frames)
            )
            assert (late.offset, late.text) == (1004, "x" * 10)

    async def test_of_too_many_tasks_the_one_that_was_silent_longest_goes(self) -> None:
        async with self.open_live(max_tasks=2) as live:
            one, two, three = Speaker(live), Speaker(live), Speaker(live)
            for speaker in (one, two, one, three):
                speaker.say("word ")
            await three.eventually_heard(lambda frames: len(frames) == 1)
            assert await two.heard() == []
            assert joined(await one.heard()) == "word word "

    async def test_what_nobody_adds_to_is_forgotten(self) -> None:
        async with self.open_live(ttl_s=0.05) as live:
            speaker = Speaker(live)
            speaker.say("soon gone")
            await speaker.eventually_heard(lambda frames: frames == [])

    async def test_what_is_complete_is_forgotten_sooner(self) -> None:
        async with self.open_live(linger_s=0.05) as live:
            done, open_ = Speaker(live), Speaker(live)
            done.say("done")
            open_.say("not yet")
            await done.close()
            await done.eventually_heard(lambda frames: frames == [])
            assert joined(await open_.heard()) == "not yet"

    async def test_closing_ends_watching_and_publishing_does_no_harm(self) -> None:
        async with self.open_live() as live:
            speaker = Speaker(live)
            async with aclosing(live.watch(speaker.run)) as batches:
                await take(batches)
                await live.aclose()
                with pytest.raises(StopAsyncIteration):
                    await take(batches)
            speaker.say("into the void")
