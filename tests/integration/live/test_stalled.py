"""A reader of a run's stream that takes nothing is cut off, while others go on."""

import asyncio
import socket
from uuid import UUID

from sutazai_contracts.identifiers import new_id
from sutazai_contracts.tasks import Beat, Claim, Outcome, Progress, Succeeded
from sutazai_kit.live.voice import Voice
from tests.integration.live.reading import Reader
from tests.integration.live.stage import DEADLINE_S, Stage, until, watch


async def ask_and_take_nothing(stage: Stage, run: UUID) -> socket.socket:
    """Open a run's stream on a raw socket with a small buffer, and read not one byte."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", int(stage.url.rpartition(":")[2])))
    request = (
        f"GET /api/v1/runs/{run}/events HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {stage.key}\r\n\r\n"
    )
    await loop.sock_sendall(raw, request.encode())
    return raw


class Flood:
    """Work on a claim that says much and reports its progress without an end."""

    def __init__(self, stage: Stage, claim: Claim) -> None:
        self.stage, self.claim = stage, claim
        self.voice = Voice(claim, stage.live)
        self.said = ""

    async def run(self) -> None:
        """Say and report, until cancelled; each round is more than a thousand bytes."""
        for number in range(1_000_000):
            piece = f"{number} " * 100
            self.voice.say(piece)
            self.said += piece
            progress = Progress(message="x" * 500, done=number)
            beat = Beat(task=self.claim.task, token=self.claim.token, progress=progress)
            await self.stage.services.tasks.heartbeat([beat])

    async def succeed(self) -> None:
        """End the work as a runner does."""
        await self.voice.end()
        result = Succeeded(output={"text": self.said})
        claim = self.claim
        outcome = Outcome(
            id=new_id(), task=claim.task, run=claim.run, token=claim.token, result=result
        )
        assert await self.stage.services.tasks.apply([outcome]) == 1


async def start_flood(stage: Stage, run: UUID) -> Flood:
    """Claim the run's step."""
    [claim] = (await stage.services.tasks.claim("speaker", "here:1", 1)).claims
    assert claim.run == run
    return Flood(stage, claim)


async def test_a_reader_that_stalls_is_cut_off_while_others_go_on(stage: Stage) -> None:
    feed, run = stage.services.feed, await stage.start()
    stalled = await ask_and_take_nothing(stage, run)
    await until(lambda: feed.watchers == 1, "it watches")
    reader = Reader()

    async def read() -> None:
        async with stage.client() as client:
            async for seen in watch(client, run):
                reader.see(seen)

    reading = asyncio.create_task(read())
    await until(lambda: feed.watchers == 2, "both watch")
    flood = await start_flood(stage, run)
    flooding = asyncio.create_task(flood.run())
    try:
        await until(lambda: feed.watchers == 1, "the stalled one is dropped")
        assert not reading.done()
        assert not flooding.done()
    finally:
        flooding.cancel()
    await flood.succeed()
    await asyncio.wait_for(reading, DEADLINE_S)
    assert reader.over
    assert reader.text == flood.said == await stage.output(run)
    assert not _rest(stalled).endswith(b"0\r\n\r\n"), "its answer was ended in good order"
    stalled.close()


def _rest(raw: socket.socket) -> bytes:
    """Read what is left on a socket up to its end."""
    raw.setblocking(True)
    raw.settimeout(5)
    with raw.makefile("rb") as left:
        return left.read()
