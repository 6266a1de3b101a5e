"""The vectors port over a Qdrant server."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from qdrant_client import AsyncQdrantClient
from qdrant_client.context_headers import async_headers
from qdrant_client.http import models
from qdrant_client.http.exceptions import UnexpectedResponse

from sutazai_contracts.errors import ModelMismatch, VectorsUnavailable
from sutazai_kit.vectors.port import Hit, Point, Query, Vectors
from sutazai_kit.vectors.qdrant import wire
from sutazai_kit.vectors.qdrant.errors import Call, exists_already
from sutazai_kit.vectors.sparse import SparseEncoder

# About 0.6 MB of JSON at 384 dimensions and 6 MB at 4 096; the server takes 32 MB.
_BATCH = 64
_PAGE = 2_000
# Each collection keeps its log allocated: the server's 32 MB each would be 16 GB for 500.
_LOG_MB = 4


class QdrantVectors(Vectors):
    """Keep collections in a Qdrant server; a collection has its UUID as its name there.

    Creating and dropping collections takes the server's key. A token that was made for a
    collection does the rest: see `with_token`.
    """

    def __init__(
        self,
        client: AsyncQdrantClient,
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
        self._secret = secret
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
                made = await self._create(str(collection), dimension)
            if not made:
                async with self._calling("look up a collection"):
                    there = await self._client.get_collection(str(collection))
                _check_dimension(there, dimension)
            # Of an existing one too: a crash may have come between the two.
            async with self._calling("create an index"):
                await self._client.create_payload_index(
                    str(collection), wire.VERSION, models.PayloadSchemaType.UUID, wait=True
                )

    async def drop(self, collection: UUID) -> None:
        """Remove a collection with all its points."""
        async with self._calling("drop a collection"):
            await self._client.delete_collection(str(collection))

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
                await self._client.upsert(str(collection), batch, wait=True)

    async def delete_version(self, collection: UUID, version: UUID) -> None:
        """Remove all points of a document version."""
        selector = models.FilterSelector(filter=wire.of(version))
        async with self._calling("delete points"):
            await self._client.delete(str(collection), selector, wait=True)

    async def search(self, collection: UUID, query: Query) -> list[Hit]:
        """Find the best points by meaning and words together, best first, ties by id.

        Fused by DBSF; by ranks (RRF, k = 2) where fewer than 10 points share a word with the
        question. `similarity` is the exact cosine. One round trip; a second one where more points
        than the search has room for have the score of the last hit.
        """
        searching = wire.Searching(query, self._encoder, exact=self._exact)
        async with self._calling("search"):
            answers = await self._client.query_batch_points(str(collection), searching.batch())
        points = searching.fused(answers)
        if points is None:
            async with self._calling("search"):
                (all_of_them,) = await self._client.query_batch_points(
                    str(collection), [searching.whole(answers)]
                )
            points = wire.in_order(all_of_them.points)
        return searching.hits(points)

    async def count(self, collection: UUID, version: UUID | None = None) -> int:
        """Count points exactly, of one version or of all."""
        narrowed = None if version is None else wire.of(version)
        async with self._calling("count points"):
            found = await self._client.count(str(collection), narrowed, exact=True)
        return found.count

    async def ids(self, collection: UUID) -> set[UUID]:
        """List the ids of all points; what is written meanwhile may be in it or not."""
        found: set[UUID] = set()
        following: models.ExtendedPointId | None = None
        while True:
            async with self._calling("list points"):
                records, following = await self._client.scroll(
                    str(collection), limit=_PAGE, offset=following, with_payload=False
                )
            found.update(UUID(str(record.id)) for record in records)
            if following is None:
                return found

    async def aclose(self) -> None:
        """Close the connections, unless they are another's."""
        if not self._closed:
            self._closed = True
            if self._owner:
                await self._client.close()

    async def _create(self, name: str, dimension: int) -> bool:
        """Create a collection; gives false where there is one of this name."""
        dense = models.VectorParams(
            size=dimension,
            distance=models.Distance.COSINE,
            # The kernel keeps what is used; else every collection would be held in memory.
            on_disk=True,
        )
        words = models.SparseVectorParams(modifier=models.Modifier.IDF)
        try:
            await self._client.create_collection(
                name,
                vectors_config={wire.DENSE: dense},
                sparse_vectors_config={wire.WORDS: words},
                wal_config=models.WalConfigDiff(wal_capacity_mb=_LOG_MB),
            )
        except UnexpectedResponse as error:
            if exists_already(error):
                return False
            raise
        return True

    @asynccontextmanager
    async def _calling(self, doing: str) -> AsyncIterator[None]:
        if self._closed:
            raise VectorsUnavailable("The vector store is closed.")
        async with async_headers({"api-key": self._secret}), Call(doing, self._timeout_s):
            yield


def _check_dimension(there: models.CollectionInfo, dimension: int) -> None:
    vectors = there.config.params.vectors
    dense = vectors.get(wire.DENSE) if isinstance(vectors, dict) else None
    held = dense.size if dense else 0
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
    client = AsyncQdrantClient(
        url=url,
        prefer_grpc=False,
        check_compatibility=False,
        # The clock around each request decides; the client's own must only not be faster.
        timeout=math.ceil(timeout_s) + 1,
        # Else the client looks through all points for texts that it is to embed itself.
        cloud_inference=True,
    )
    return QdrantVectors(client, key_or_token, timeout_s, exact=exact)
