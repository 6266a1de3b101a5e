"""The parser child: used again, confined, and gone when it is to be gone."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sutazai_agents.documents.limits import Limits
from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.documents.reading import Reader
from sutazai_contracts.errors import Unavailable, UnreadableDocument
from tests.unit.librarian import pdfs

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
SHORT = Limits(memory=1024 * MIB, cpu_s=20, wall_s=40)
# Takes a child many seconds, most of it in code that runs Python's garbage collector never.
SLOW = b"<html>" + b"<p>x" * 600_000

PARENT = """
import asyncio, sys
from sutazai_agents.documents.reading import Reader

async def main():
    async def on_page(done, total): pass
    reader = Reader()
    await reader.read(b"text", "a.txt", on_page)
    print("warm", flush=True)
    await reader.read(b"<html>" + b"<p>x" * 1_500_000, "a.html", on_page)

asyncio.run(main())
"""


async def unheard(done: int, total: int) -> None:
    """Tell nobody of pages."""


OTHERS: set[int] = set()
"""Children that were there before: those of tests that read documents by other means."""


def children() -> list[psutil.Process]:
    """List the parser children of this process, those included that nobody waited for."""
    found = []
    for child in psutil.Process().children():
        if child.pid in OTHERS:
            continue
        with suppress(psutil.NoSuchProcess):
            zombie = child.status() == psutil.STATUS_ZOMBIE
            if zombie or "sutazai_agents.documents" in child.cmdline():
                found.append(child)
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; it must come true within 20 s."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process is watched
            await asyncio.sleep(0.01)


@pytest.fixture
def reader() -> Iterator[Reader]:
    OTHERS.update(child.pid for child in psutil.Process().children())
    reader = Reader(SHORT)
    yield reader
    reader.close()
    assert children() == []


async def read(reader: Reader, data: bytes = b"some text", name: str = "a.txt") -> Parsed:
    return await reader.read(data, name, unheard)


async def refusal(reader: Reader, data: bytes, name: str = "a.html") -> str:
    with pytest.raises(UnreadableDocument) as refused:
        await read(reader, data, name)
    return refused.value.message


@pytest.fixture
async def slow(reader: Reader) -> AsyncIterator[asyncio.Task[Parsed]]:
    """A document that is being read."""
    reading = asyncio.create_task(read(reader, SLOW, "a.html"))
    await until(lambda: bool(children()) and children()[0].cpu_times().user > 0.3)
    yield reading
    reading.cancel()
    await asyncio.wait({reading})


async def test_a_child_is_used_again(reader: Reader) -> None:
    assert (await read(reader)).text == "some text"
    first = children()
    assert (await read(reader, pdfs.pages(["page"]), "a.pdf")).text == "page"
    assert await refusal(reader, b"\x7fELF\x00") == (
        "This looks like a program; text, Markdown, HTML, PDF, Word (DOCX), CSV, JSON and source "
        "code are read."
    )
    assert children() == first


REACHING = """
import os, socket, sys
from sutazai_agents.documents.limits import Limits, confine
confine(Limits(), int(sys.argv[2]))
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    try:
        socket.create_connection((address, int(sys.argv[1])), 5)
        print("reached")
    except OSError as error:
        print("not reached")
"""


def kernel_allows() -> bool:
    """Tell whether a process may leave the network here."""
    code = "import ctypes; c = ctypes.CDLL(None); print(c.unshare(0x50000000), c.unshare(1 << 30))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return "0" in said.stdout.split()


async def test_a_child_reaches_no_network_where_the_kernel_lets_it_leave(reader: Reader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-c", REACHING, str(port), str(os.getpid())]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        assert ("reached" not in done.stdout.splitlines()) == kernel_allows()
    assert reader.offline is None
    assert (await read(reader)).text == "some text"
    assert reader.offline == kernel_allows()


async def test_documents_at_once_have_children_of_their_own(reader: Reader) -> None:
    texts = [str(number).encode() for number in range(3)]
    parsed = await asyncio.gather(*(read(reader, text) for text in texts))
    assert [each.text.encode() for each in parsed] == texts
    assert len(children()) == 3


async def test_a_child_reads_so_many_documents_and_no_more(reader: Reader) -> None:
    reader.limits = replace(SHORT, documents=2)
    await read(reader)
    first = children()
    await read(reader)
    assert children() == []
    await read(reader)
    assert children() != first


async def test_a_child_that_has_grown_is_not_used_again(reader: Reader) -> None:
    reader.limits = replace(SHORT, kept=1)
    await read(reader)
    assert children() == []


async def test_a_child_waits_for_a_while(reader: Reader) -> None:
    reader.limits = replace(SHORT, idle_s=0.2)
    await read(reader)
    await until(lambda: children() == [])


async def test_a_child_that_died_while_it_waited_is_replaced(reader: Reader) -> None:
    await read(reader)
    [waiting] = children()
    waiting.kill()
    assert (await read(reader)).text == "some text"
    assert waiting not in children()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_child_is_confined(reader: Reader) -> None:
    await read(reader)
    [child] = children()
    assert child.environ() == {}
    assert os.getsid(child.pid) == child.pid
    limits = {what: child.rlimit(what) for what in (psutil.RLIMIT_CORE, psutil.RLIMIT_FSIZE)}
    assert set(limits.values()) == {(0, 0)}
    assert child.rlimit(psutil.RLIMIT_AS) == (1024 * MIB, 1024 * MIB)
    assert child.rlimit(psutil.RLIMIT_NOFILE) == (32, 32)
    files = {os.readlink(file) for file in Path(f"/proc/{child.pid}/fd").iterdir()}
    assert all(file == os.devnull or file.startswith("socket:") for file in files), files


async def test_what_takes_long_is_refused(reader: Reader) -> None:
    reader.limits = replace(SHORT, wall_s=0.5)
    begun = time.monotonic()
    assert "took longer than 0.5 s" in await refusal(reader, SLOW)
    assert time.monotonic() - begun < 10
    assert children() == []


async def test_what_computes_long_is_refused(reader: Reader) -> None:
    reader.limits = replace(SHORT, cpu_s=1)
    assert "more than 1 s of computing" in await refusal(reader, SLOW)
    assert children() == []


async def test_time_is_counted_for_each_document(reader: Reader) -> None:
    reader.limits = replace(SHORT, cpu_s=1)
    await read(reader)
    [child] = children()
    page = b"<html>" + b"<p>some words" * 20_000
    while sum(child.cpu_times()[:2]) < 2.5:
        await read(reader, page, "a.html")
    assert children() == [child]


async def test_what_takes_much_memory_is_refused(reader: Reader) -> None:
    reader.limits = replace(SHORT, memory=96 * MIB)
    assert "takes more than 96 MiB of memory" in await refusal(reader, SLOW)
    assert children() == []


async def test_what_is_too_large_is_not_even_tried(reader: Reader) -> None:
    reader.limits = replace(SHORT, memory=96 * MIB)
    assert "documents of up to 24 MiB are read" in await refusal(reader, b"x" * (25 * MIB))
    assert children() == []


async def test_a_cancelled_reading_ends_at_once(slow: asyncio.Task[Parsed]) -> None:
    begun = time.monotonic()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert time.monotonic() - begun < 2
    assert children() == []


async def test_a_child_that_is_killed_from_outside_is_nobodys_fault(
    slow: asyncio.Task[Parsed],
) -> None:
    children()[0].kill()
    with pytest.raises(Unavailable, match="killed by something outside"):
        await slow
    assert children() == []


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
async def test_a_breakdown_is_the_documents_fault(
    slow: asyncio.Task[Parsed], number: signal.Signals
) -> None:
    children()[0].send_signal(number)
    with pytest.raises(UnreadableDocument, match=rf"broke down over it \(signal {number:d}\)"):
        await slow
    assert children() == []


async def test_a_child_that_can_not_start_is_nobodys_fault(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "no-such-program")
    with pytest.raises(Unavailable, match="can't be started"):
        await read(reader)
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(Unavailable, match="does not start"):
        await read(reader)


async def test_pages_are_told(reader: Reader) -> None:
    told: list[tuple[int, int]] = []

    async def on_page(done: int, total: int) -> None:
        told.append((done, total))

    lines = ["Words of a page that takes its time to read."] * 40
    await reader.read(pdfs.pages(*[lines] * 600), "a.pdf", on_page)
    assert told == sorted(told)
    assert {total for _, total in told} == {600}


def test_a_child_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "warm\n"
        [child] = psutil.Process(parent.pid).children()
        parent.kill()
    _, alive = psutil.wait_procs([child], timeout=10)
    assert alive == []


def test_a_waiting_child_ends_with_a_parent_that_ends() -> None:
    code = PARENT.replace('await reader.read(b"<html>"', 'return; await reader.read(b"<html>"')
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "warm\n")
    assert done.stderr == ""
