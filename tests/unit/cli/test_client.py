"""The typed client against a real HTTP server that speaks the API's shapes."""

import asyncio
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from sutazai.entrypoints.cli.client import ApiClient
from sutazai.entrypoints.cli.errors import ApiProblem, ExitCode, FieldError, Unreachable
from sutazai.entrypoints.cli.follow import follow
from sutazai.entrypoints.cli.transport import PATIENCE_S
from tests.unit.cli.platform_server import KEY, PlatformServer

QUICK = (0.0, 0.01, 0.01)


@pytest.fixture
async def client(platform: PlatformServer) -> AsyncIterator[ApiClient]:
    async with ApiClient(platform.url, KEY) as opened:
        yield opened


async def test_a_problem_names_code_fields_and_request(client: ApiClient) -> None:
    with pytest.raises(ApiProblem) as raised:
        await client.create_collection("BAD")
    problem = raised.value
    assert (problem.status, problem.code, problem.request_id) == (422, "invalid_input", "req-1")
    assert problem.errors == (FieldError("name", "must match [a-z0-9][a-z0-9_-]{0,62}"),)
    assert problem.reason == "name: must match [a-z0-9][a-z0-9_-]{0,62}"
    assert problem.exit_code is ExitCode.REFUSED


async def test_a_problem_that_leaves_its_field_out_is_said_with_it(
    client: ApiClient, platform: PlatformServer
) -> None:
    with pytest.raises(ApiProblem) as raised:
        await client.start_run("why", "nowhere", "answer", "key")
    assert raised.value.errors == (FieldError("collection", "There is no such collection."),)
    assert raised.value.reason == "collection: There is no such collection."


async def test_a_problem_of_several_fields_names_each_once() -> None:
    errors = (FieldError("goal", "is empty"), FieldError("workflow", "is unknown"))
    problem = ApiProblem(422, "invalid_input", "goal: is empty", errors=errors)
    assert problem.reason == "goal: is empty (workflow: is unknown)"


async def test_a_wrong_key_is_refused(platform: PlatformServer) -> None:
    async with ApiClient(platform.url, "wrong") as client:
        with pytest.raises(ApiProblem) as raised:
            await client.collection("default")
    assert raised.value.status == 401


async def test_an_unknown_page_is_a_problem_without_a_document(client: ApiClient) -> None:
    with pytest.raises(ApiProblem) as raised:
        await client.collection("a/b")
    assert raised.value.status == 404
    assert raised.value.detail == "HTTP 404 Not Found"


async def test_lists_go_over_pages_up_to_the_limit(
    client: ApiClient, platform: PlatformServer
) -> None:
    for number in range(450):
        platform.add_run("answer", str(number))
    assert len([run async for run in client.runs()]) == 450
    platform.calls.clear()
    newest = [run.goal async for run in client.runs(250)]
    assert newest == [str(number) for number in range(449, 199, -1)]
    assert platform.calls["GET /runs"] == 2


async def test_what_is_asked_too_often_is_asked_again(
    client: ApiClient, platform: PlatformServer, tmp_path: Path
) -> None:
    file = tmp_path / "guide.txt"
    file.write_text("words " * 20_000)
    platform.knobs.too_often = [0, 1, 0]
    upload = await client.upload("default", file, "guide.txt")
    assert platform.calls["POST /collections/{name}/documents"] == 4
    # Sent again, it is the whole file again.
    text = [part async for part in client.document_text("default", upload.document.id)]
    assert "".join(text) == file.read_text()


async def test_who_is_to_wait_too_long_is_told_at_once(
    client: ApiClient, platform: PlatformServer
) -> None:
    platform.knobs.too_often = [int(PATIENCE_S) + 1]
    with pytest.raises(ApiProblem, match="one caller may send 1 a second") as raised:
        await client.collection("default")
    assert (raised.value.status, raised.value.exit_code) == (429, ExitCode.REFUSED)
    assert platform.calls["GET /collections/{name}"] == 1


async def test_who_is_refused_for_long_is_told(
    client: ApiClient, platform: PlatformServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutazai.entrypoints.cli.transport.PATIENCE_S", 0.35)
    platform.knobs.too_often = [0] * 20
    with pytest.raises(ApiProblem) as raised:
        await client.collection("default")
    assert (raised.value.status, platform.calls["GET /collections/{name}"]) == (429, 4)


async def test_a_stream_that_is_opened_too_often_is_opened_again(
    client: ApiClient, platform: PlatformServer
) -> None:
    run = await client.start_run("why", "default", "answer", "key")
    platform.knobs.too_often = [0, 0]
    events = [event async for event in follow(client, run.id, backoff_s=QUICK)]
    assert events[-1].type == "run.succeeded"
    assert platform.calls["GET /runs/{id}/events"] == 3


async def test_nothing_listening_is_unreachable_and_says_where(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with ApiClient(url, KEY, home=tmp_path) as client:
        with pytest.raises(Unreachable) as raised:
            await client.collection("default")
    assert url in raised.value.message
    assert str(tmp_path) in raised.value.message
    assert f"--home {tmp_path} run" in str(raised.value.remedy)


async def test_another_program_on_the_port_is_said_plainly(tmp_path: Path) -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, ApiClient(f"http://127.0.0.1:{port}", KEY) as client:
        with pytest.raises(Unreachable, match="does not speak"):
            await client.collection("default")


async def test_an_upload_reads_the_file_in_pieces(
    client: ApiClient, platform: PlatformServer, tmp_path: Path
) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"0123456789abcdef" * (1 << 20))
    sink = _Sink()
    sink.start()
    tracemalloc.start()
    try:
        async with ApiClient(sink.url, KEY) as slow:
            await slow.upload("default", large, "large.txt")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        sink.join(10)
    assert sink.received > 16 * (1 << 20)
    assert peak < 4 * (1 << 20)


class _Sink(threading.Thread):
    """Take one request of any size without keeping it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.received = 0

    def run(self) -> None:
        connection, _ = self._listener.accept()
        with self._listener, connection:
            tail = b""
            while not tail.endswith(b"--\r\n"):
                piece = connection.recv(1 << 16)
                self.received += len(piece)
                tail = (tail + piece)[-16:]
            body = f'{{"document": {{"id": "{uuid4()}", "name": "large.txt"}}}}'.encode()
            head = f"HTTP/1.1 202 Accepted\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)


async def test_a_cut_stream_is_resumed_after_the_last_event(
    client: ApiClient, platform: PlatformServer
) -> None:
    platform.knobs.cut_after = [3, 0, 0, 2]
    run = await client.start_run("why", "default", "answer", "key")
    events = [event async for event in follow(client, run.id, backoff_s=QUICK)]
    durable = [event.seq for event in events if event.seq is not None]
    assert durable == list(range(1, 11))
    assert platform.resumed_after == [None, "3", "3", "3", "5"]
    assert events[-1].type == "run.succeeded"


async def test_frames_that_are_not_durable_are_given_without_a_number(
    client: ApiClient, platform: PlatformServer
) -> None:
    run = await client.start_run("why", "default", "answer", "key")
    tokens = [event async for event in follow(client, run.id) if event.type == "token"]
    assert {event.seq for event in tokens} == {None}
    assert tokens[0].data == {"text": "not durable"}


async def test_a_stream_that_is_always_cut_is_given_up(
    client: ApiClient, platform: PlatformServer
) -> None:
    platform.knobs.cut_after = [0] * 50
    run = await client.start_run("why", "default", "answer", "key")
    with pytest.raises(Unreachable):
        async for _ in follow(client, run.id, backoff_s=QUICK):
            pass
    assert len(platform.resumed_after) == 1 + len(QUICK)


async def test_the_events_of_an_unknown_run_are_refused(client: ApiClient) -> None:
    with pytest.raises(ApiProblem) as raised:
        async for _ in follow(client, uuid4(), backoff_s=QUICK):
            pass
    assert raised.value.status == 404
