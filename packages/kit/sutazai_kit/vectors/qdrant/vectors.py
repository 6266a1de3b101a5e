"""The vectors port over a Qdrant server."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from sutazai_contracts.errors import ModelMismatch, VectorsUnavailable
from sutazai_kit.http_client import HttpClient
from sutazai_kit.vectors.port import Hit, Point, Query, Vectors
from sutazai_kit.vectors.qdrant import wire
from sutazai_kit.vectors.qdrant.errors import Call, exists_already
from sutazai_kit.vectors.qdrant.rest import QdrantRest, Refused
from sutazai_kit.vectors.sparse import SparseEncoder

# About 0.6 MB of JSON at 384 dimensions and 6 MB at 4 096; the server takes 32 MB.
_BATCH = 64
_PAGE = 2_000
# Each collection keeps its log allocated: the server's 32 MB each would be 16 GB for 500.
_LOG_MB = 4
# Less than the server keeps an idle connection (5 s), so that none is used that it is closing.
_IDLE_S = 3.0


class QdrantVectors(Vectors):
    """Keep collections in a Qdrant server; a collection has its UUID as its name there.

    Creating and dropping collections takes the server's key. A token that was made for a
    collection does the rest: see `with_token`.
    """

    def __init__(
        self,
        client: HttpClient,
        secret: str,
        timeout_s: float,
        *,
        exact: bool = False,
        owner: bool = True,
    ) -> None:
        """Take an open client, the key or token that is sent, the time-out of each request.

        Args:
            client: makes the requests.
            secret: the API key, or a token that it signed; it may be empty.
            timeout_s: seconds until a request counts as not answered.
            exact: whether searches pass over the index of dense vectors.
            owner: whether closing this closes the client.
        """
        self._client = client
        self._owner = owner
        self._rest = QdrantRest(client, secret)
        self._timeout_s = timeout_s
        self._exact = exact
        self._encoder = SparseEncoder()
        self._creating: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._closed = False

    def with_token(self, token: str) -> "QdrantVectors":
        """Give the same store under another key or token, over the same connections.

        It needs no closing, and closing it closes nothing.
        """
        return QdrantVectors(self._client, token, self._timeout_s, exact=self._exact, owner=False)

    async def create(self, collection: UUID, dimension: int) -> None:
        """Create a collection; raises `ModelMismatch` for one of another dimension."""
        async with self._creating.setdefault(collection, asyncio.Lock()):
            async with self._calling("create a collection"):
                made = await self._create(collection, dimension)
            if not made:
                async with self._calling("look up a collection"):
                    held = await self._rest.dimension(collection, wire.DENSE)
                _check_dimension(held, dimension)
            # Of an existing one too: a crash may have come between the two.
            async with self._calling("create an index"):
                await self._rest.index(collection, wire.VERSION, "uuid")

    async def drop(self, collection: UUID) -> None:
        """Remove a collection with all its points."""
        async with self._calling("drop a collection"):
            await self._rest.drop(collection)

    async def upsert(self, collection: UUID, points: Sequence[Point]) -> None:
        """Write points, none of them if one is not valid."""
        if not points:
            await self.count(collection)
        wire.check_alike(points)
        batches = []
        for start in range(0, len(points), _BATCH):
            batches.append(wire.encoded(points[start : start + _BATCH], self._encoder))
            await asyncio.sleep(0)  # encoding keeps the processor: others go on in between
        for batch in batches:
            async with self._calling("write points"):
                await self._rest.upsert(collection, batch)

    async def delete_version(self, collection: UUID, version: UUID) -> None:
        """Remove all points of a document version."""
        async with self._calling("delete points"):
            await self._rest.delete(collection, wire.of(version))

    async def search(self, collection: UUID, query: Query) -> list[Hit]:
        """Find the best points by meaning and words together, best first, ties by id.

        Fused by DBSF; by ranks (RRF, k = 2) where fewer than 10 points share a word with the
        question. `similarity` is the exact cosine. One round trip; a second one where more points
        than the search has room for have the score of the last hit.
        """
        searching = wire.Searching(query, self._encoder, exact=self._exact)
        async with self._calling("search"):
            answers = await self._rest.query(collection, searching.batch())
        points = searching.fused(answers)
        if points is None:
            async with self._calling("search"):
                (all_of_them,) = await self._rest.query(collection, [searching.whole(answers)])
            points = wire.in_order(all_of_them)
        return searching.hits(points)

    async def count(self, collection: UUID, version: UUID | None = None) -> int:
        """Count points exactly, of one version or of all."""
        narrowed = None if version is None else wire.of(version)
        async with self._calling("count points"):
            return await self._rest.count(collection, narrowed)

    async def ids(self, collection: UUID) -> set[UUID]:
        """List the ids of all points; what is written meanwhile may be in it or not."""
        found: set[UUID] = set()
        following: UUID | None = None
        while True:
            async with self._calling("list points"):
                page, following = await self._rest.scroll(collection, _PAGE, following)
            found.update(page)
            if following is None:
                return found

    async def aclose(self) -> None:
        """Close the connections, unless they are another's."""
        if not self._closed:
            self._closed = True
            if self._owner:
                await self._client.aclose()

    async def _create(self, collection: UUID, dimension: int) -> bool:
        """Create a collection; gives false where there is one of this name."""
        settings = {
            # The kernel keeps what is used; else every collection would be held in memory.
            "vectors": {wire.DENSE: {"size": dimension, "distance": "Cosine", "on_disk": True}},
            "sparse_vectors": {wire.WORDS: {"modifier": "idf"}},
            "wal_config": {"wal_capacity_mb": _LOG_MB},
        }
        try:
            await self._rest.create(collection, settings)
        except Refused as error:
            if exists_already(error):
                return False
            raise
        return True

    @asynccontextmanager
    async def _calling(self, doing: str) -> AsyncIterator[None]:
        if self._closed:
            raise VectorsUnavailable("The vector store is closed.")
        async with Call(doing, self._timeout_s):
            yield


def _check_dimension(held: int, dimension: int) -> None:
    if held != dimension:
        raise ModelMismatch(f"The collection holds vectors of {held} dimensions, not {dimension}.")


@asynccontextmanager
async def open_qdrant_vectors(
    url: str, key_or_token: str = "", *, timeout_s: float = 10.0, exact: bool = False
) -> AsyncIterator[QdrantVectors]:
    """Open the collections of a server; nothing is asked of it before the first call.

    Args:
        url: where the server's REST API answers, such as `http://127.0.0.1:6333`.
        key_or_token: the server's API key, which may do everything, or a token that it signed.
        timeout_s: seconds until a request counts as not answered.
        exact: whether searches pass over the index of dense vectors; slow with many points.
    """
    vectors = qdrant_vectors(url, key_or_token, timeout_s=timeout_s, exact=exact)
    try:
        yield vectors
    finally:
        await vectors.aclose()


def qdrant_vectors(
    url: str, key_or_token: str = "", *, timeout_s: float = 10.0, exact: bool = False
) -> QdrantVectors:
    """Give the collections of a server, to be closed by `aclose`; the rest as above."""
    # The clock around each request decides; the client's own must only not be faster.
    client = HttpClient(url, silence_s=math.ceil(timeout_s) + 1, idle_s=_IDLE_S)
    return QdrantVectors(client, key_or_token, timeout_s, exact=exact)
