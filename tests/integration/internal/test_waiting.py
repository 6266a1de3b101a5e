"""Waiting in line over HTTP: who goes away leaves it, and core may be started again meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from sutazai_contracts.errors import FilesUnavailable, ModelUnavailable, Unavailable
from sutazai_contracts.frames import Frame
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.internal import PREFIX, SlotWanted
from sutazai_contracts.models import Usage
from sutazai_contracts.slots import CallReport, Slot
from sutazai_contracts.tasks import Claim
from sutazai_kit.core_client import CoreClient, open_core
from sutazai_kit.files.http import HttpFiles
from sutazai_kit.ledger.http import HttpLedger
from sutazai_kit.live.http import HttpLive
from sutazai_kit.slots.http import HttpSlots
from tests.contract.files.suite import stream
from tests.integration.internal.serving import Served, served
from tests.integration.internal.test_rights import nobody, wanted
from tests.support.database import TestDatabase

DEADLINE_S = 10.0
REPORT = CallReport(
    ending="stop",
    usage=Usage(prompt_tokens=1, completion_tokens=1, first_token_s=None, total_s=1),
)


async def until(happens: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(DEADLINE_S):
        while not happens():  # noqa: ASYNC110 - of another part of the process
            await asyncio.sleep(0.002)


def in_line(core: Served) -> int:
    """Count who waits at core."""
    return sum(state.waiting for state in core.parts.models.lines.states())


def busy(core: Served) -> int:
    """Count the slots in use at core."""
    return core.parts.models.lines.busy("scripted")


async def first(core: Served) -> tuple[HttpSlots, Slot, Claim]:
    """Take the one slot there is."""
    slots, claim = HttpSlots(await core.core("worker")), core.claimed("worker")
    return slots, await slots.acquire(wanted(claim), nobody), claim


async def test_a_connection_that_is_cut_leaves_the_line(core: Served) -> None:
    _, _, claim = await first(core)
    body = SlotWanted(call=new_id(), request=wanted(claim)).model_dump_json().encode()
    host, _, port = core.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {PREFIX}/slots/acquire HTTP/1.1\r\nhost: core\r\n"
        f"authorization: Bearer {core.tokens['worker']}\r\n"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    async with asyncio.timeout(DEADLINE_S):
        assert b'{"place":1}' in await reader.readuntil(b"}\n")
    assert in_line(core) == 1
    writer.transport.abort()
    await until(lambda: in_line(core) == 0)
    assert busy(core) == 1


async def test_a_task_that_is_cancelled_leaves_the_line(core: Served) -> None:
    slots, slot, claim = await first(core)
    waiting = asyncio.create_task(slots.acquire(wanted(claim), nobody))
    await until(lambda: in_line(core) == 1)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    await until(lambda: in_line(core) == 0)
    await slots.aclose()
    slots.release(slot, REPORT)
    await slots.aclose()
    assert busy(core) == 0


async def test_a_slot_whose_news_nobody_took_is_free_at_once(core: Served) -> None:
    slots, slot, claim = await first(core)
    for _ in range(5):  # whichever comes first: the turn or the cancellation
        waiting = asyncio.create_task(slots.acquire(wanted(claim), nobody))
        await until(lambda: in_line(core) == 1)
        core.parts.models.lines.release(slot.id, REPORT)
        await until(lambda: in_line(core) == 0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await slots.aclose()
        await until(lambda: busy(core) == 0)
        slot = await slots.acquire(wanted(claim), nobody)


async def test_a_wait_goes_on_when_core_is_started_again(
    database: TestDatabase, tmp_path: Path
) -> None:
    places: list[int] = []
    async with AsyncExitStack() as stack:
        async with served(database, tmp_path) as core:
            _, _, claim = await first(core)
            client = await stack.enter_async_context(open_core(core.url, core.tokens["worker"]))
            slots = HttpSlots(client)
            request = wanted(claim, deadline_s=DEADLINE_S)
            waiting = asyncio.create_task(slots.acquire(request, places.append))
            await until(lambda: in_line(core) == 1 and places == [1])
        assert not waiting.done()
        port = int(core.url.rpartition(":")[2])
        async with served(database, tmp_path, port=port, tokens=core.tokens) as again:
            async with asyncio.timeout(DEADLINE_S):
                slot = await waiting
            assert busy(again) == 1
            assert slot.waited_s > 0
            assert places == [1]


@pytest.fixture
async def gone(database: TestDatabase, tmp_path: Path) -> AsyncIterator[tuple[CoreClient, Claim]]:
    """Give a way to a core that was there, and a claim of its time."""
    async with AsyncExitStack() as stack:
        async with served(database, tmp_path) as core:
            claim = core.claimed("worker")
            client = await stack.enter_async_context(open_core(core.url, core.tokens["worker"]))
            assert (await HttpLedger(client).claim("worker", "w1", 1)).claims == ()
        yield client, claim


async def test_a_core_that_stays_away_is_unavailable(gone: tuple[CoreClient, Claim]) -> None:
    client, claim = gone
    slots = HttpSlots(client, patience_s=0.3)
    with pytest.raises(Unavailable, match="does not answer"):
        await slots.acquire(wanted(claim), nobody)
    with pytest.raises(ModelUnavailable, match=r"0\.05 s"):
        await slots.acquire(wanted(claim, deadline_s=0.05), nobody)
    with pytest.raises(Unavailable):
        await slots.renew(Slot(id=new_id(), lease_s=1, waited_s=0))
    slots.release(Slot(id=new_id(), lease_s=1, waited_s=0), REPORT)
    await slots.aclose()
    with pytest.raises(Unavailable):
        await HttpLedger(client).claim("worker", "w1", 1)
    files = HttpFiles(client, claim)
    with pytest.raises(FilesUnavailable):
        await files.read(claim.tenant, "0" * 64)
    with pytest.raises(FilesUnavailable):
        await files.put(claim.tenant, stream([b"x"]))


async def test_words_that_can_not_be_told_are_dropped_and_bounded(
    gone: tuple[CoreClient, Claim],
) -> None:
    client, claim = gone
    live = HttpLive(client)
    mine = live.bound(claim)
    for number in range(10_000):
        frame = Frame(
            task=claim.task, run=claim.run, step="s", attempt=1, offset=number * 100, text="x" * 100
        )
        mine.publish(frame)
    assert live.waiting < 10_000
    with pytest.raises(Unavailable):
        await mine.close(claim.task, 1)
    await live.aclose()
    assert live.waiting == 0
    mine.publish(frame)
    await mine.close(claim.task, 1)
    assert live.waiting == 0


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """Answer every connection with some bytes, then be silent; none is silence from the start."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = [
    (b"", "no answer in time"),
    (OK + b"content-length: 2\r\n\r\n[]", "another version"),
    (OK + b"content-length: 9\r\n\r\n{}", "no answer in time"),
    (b"nonsense\r\n\r\n", "broke off"),
    (b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno", "answers 500"),
]


async def test_what_is_no_core_is_unavailable() -> None:
    for answer, words in ANSWERS:
        async with saying(answer) as url, open_core(url, "token", answer_s=0.2) as client:
            with pytest.raises(Unavailable, match=words):
                await HttpLedger(client).claim("worker", "w1", 1)


@pytest.mark.parametrize("news", [b"[]\n", b"x" * 70_000, b'{"place":1}\n'])
async def test_a_line_that_breaks_off_is_unavailable(news: bytes) -> None:
    answer = OK + f"connection: close\r\ncontent-length: {len(news)}\r\n\r\n".encode() + news
    claim = Claim(
        task=new_id(), run=new_id(), tenant=new_id(), step="s", agent="worker", attempt=1,
        token=new_id(), lease_s=1, timeout_s=1, input={},
    )  # fmt: skip
    async with saying(answer) as url, open_core(url, "token") as client:
        with pytest.raises(Unavailable):
            await HttpSlots(client, patience_s=0).acquire(wanted(claim), nobody)
