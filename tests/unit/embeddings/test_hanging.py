"""An embedder that accepts a call and never answers it: whoever waits is told soon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.http import open_http_embeddings
from tests.support.embeddings import short_folder

MODEL = EmbeddingModel(
    name="all-MiniLM-L6-v2", revision="0123456789ab", dimension=384, max_tokens=256
)


class Hanging:
    """Tell the model, then hang; where it trickles, another byte of the headers comes each time."""

    def __init__(self, *, trickles: bool) -> None:
        self.trickles = trickles
        self.asked = 0
        self.given_up = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the first request alone."""
        try:
            await reader.readuntil(b"\r\n\r\n")
            body = MODEL.model_dump_json().encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.trickles:
                writer.write(b"HTTP/1.1 200 OK\r\nX: ")
                while not reader.at_eof():
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.01)
            await reader.read()
        except ConnectionError:
            pass
        finally:
            self.given_up.set()
            writer.close()


@asynccontextmanager
async def hanging(*, trickles: bool = False) -> AsyncIterator[tuple[Hanging, str]]:
    """Serve on a port of this machine."""
    embedder = Hanging(trickles=trickles)
    server = await asyncio.start_server(embedder.serve, "127.0.0.1", 0)
    async with server:
        yield embedder, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("trickles", [False, True])
async def test_an_interactive_call_is_given_up(trickles: bool) -> None:
    async with hanging(trickles=trickles) as (embedder, url):
        async with open_http_embeddings(url, interactive_seconds=0.2) as embeddings:
            async with asyncio.timeout(10):
                with pytest.raises(EmbedderUnavailable, match=r"within 0\.2 seconds"):
                    await embeddings.embed(["a question"], interactive=True)
                # The call is broken off, not left behind.
                await embedder.given_up.wait()
        assert embedder.asked == 1


async def test_over_a_unix_socket_as_well() -> None:
    embedder = Hanging(trickles=False)
    with short_folder() as folder:
        path = folder / "embedder.sock"
        async with (
            await asyncio.start_unix_server(embedder.serve, path),
            open_http_embeddings(path, interactive_seconds=0.2) as embeddings,
            asyncio.timeout(10),
        ):
            with pytest.raises(EmbedderUnavailable, match="gave no answer"):
                await embeddings.embed(["a question"], interactive=True)


async def test_batch_work_has_the_long_limit() -> None:
    async with hanging() as (embedder, url), asyncio.timeout(10):
        async with open_http_embeddings(
            url, interactive_seconds=0.01, answer_seconds=0.5
        ) as embeddings:
            with pytest.raises(EmbedderUnavailable, match="does not answer"):
                await embeddings.embed(["a chunk"])
        assert embedder.asked == 1


async def test_who_cancels_an_interactive_call_is_not_told_of_the_embedder() -> None:
    async with hanging() as (embedder, url), open_http_embeddings(url) as embeddings:
        call = asyncio.create_task(embeddings.embed(["a question"], interactive=True))
        async with asyncio.timeout(10):
            while not embedder.asked:  # noqa: ASYNC110 - it is another's count
                await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
