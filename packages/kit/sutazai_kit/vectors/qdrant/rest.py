"""The requests to Qdrant's REST API that the adapter makes: https://api.qdrant.tech/.

Why they are not made by the vendor's client, and what it is used for instead: docs/adr/0020.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from sutazai_kit.http_client import Answer, HttpClient

Json = Mapping[str, Any]
Result = TypeVar("Result")
_HEADERS = {"content-type": "application/json"}


class Refused(Exception):
    """The server answered, and not with success."""

    def __init__(self, status: int, words: str) -> None:
        """Take the status, and what the server says about it."""
        super().__init__(f"{status} {words}")
        self.status, self.words = status, words


class ScoredPoint(BaseModel):
    """A point that a query found; its payload and vectors where they were asked for."""

    id: UUID
    score: float
    payload: dict[str, Any] | None = None
    vector: dict[str, list[float]] | None = None


class _Answer(BaseModel, Generic[Result]):
    result: Result


class _Found(BaseModel):
    points: list[ScoredPoint]


class _Counted(BaseModel):
    count: int


class _Listed(BaseModel):
    id: UUID


class _Page(BaseModel):
    points: list[_Listed]
    next_page_offset: UUID | None = None


class _Params(BaseModel):
    vectors: dict[str, Any] | None = None


class _Config(BaseModel):
    params: _Params


class _Collection(BaseModel):
    config: _Config


class QdrantRest:
    """Ask a server; every call raises `Refused` or an `HttpError`."""

    def __init__(self, client: HttpClient, secret: str) -> None:
        """Take a client that knows the server's address, and the key or token that is shown."""
        self._client = client
        self._headers = {**_HEADERS, "api-key": secret}

    async def create(self, collection: UUID, settings: Json) -> None:
        """Create a collection."""
        await self._call(_Answer[bool], "PUT", f"/collections/{collection}", settings)

    async def dimension(self, collection: UUID, vector: str) -> int:
        """Give the dimension of the vectors of a name; 0 where the collection has none."""
        found = await self._call(_Answer[_Collection], "GET", f"/collections/{collection}")
        named = (found.config.params.vectors or {}).get(vector)
        return int(named["size"]) if isinstance(named, dict) else 0

    async def drop(self, collection: UUID) -> None:
        """Remove a collection, if it is there."""
        await self._call(_Answer[bool], "DELETE", f"/collections/{collection}")

    async def index(self, collection: UUID, field: str, schema: str) -> None:
        """Index a field of the payload, and wait for it."""
        path = f"/collections/{collection}/index?wait=true"
        body = {"field_name": field, "field_schema": schema}
        await self._call(_Answer[Any], "PUT", path, body)

    async def upsert(self, collection: UUID, points: Sequence[Json]) -> None:
        """Write points, and wait until they are applied."""
        path = f"/collections/{collection}/points?wait=true"
        await self._call(_Answer[Any], "PUT", path, {"points": points})

    async def delete(self, collection: UUID, narrowed: Json) -> None:
        """Remove the points that a filter lets through, and wait for it."""
        path = f"/collections/{collection}/points/delete?wait=true"
        await self._call(_Answer[Any], "POST", path, {"filter": narrowed})

    async def query(self, collection: UUID, searches: Sequence[Json]) -> list[list[ScoredPoint]]:
        """Ask several queries at once; gives the points that each found."""
        path = f"/collections/{collection}/points/query/batch"
        found = await self._call(_Answer[list[_Found]], "POST", path, {"searches": searches})
        return [one.points for one in found]

    async def count(self, collection: UUID, narrowed: Json | None) -> int:
        """Count the points that a filter lets through, exactly; without one all of them."""
        path = f"/collections/{collection}/points/count"
        body = {"exact": True} | ({} if narrowed is None else {"filter": narrowed})
        return (await self._call(_Answer[_Counted], "POST", path, body)).count

    async def scroll(
        self, collection: UUID, limit: int, offset: UUID | None
    ) -> tuple[list[UUID], UUID | None]:
        """List ids of points; gives them and where the next page begins."""
        body = {"limit": limit, "with_payload": False, "with_vector": False}
        path = f"/collections/{collection}/points/scroll"
        page = await self._call(
            _Answer[_Page], "POST", path, body | ({} if offset is None else {"offset": str(offset)})
        )
        return [point.id for point in page.points], page.next_page_offset

    async def _call(
        self, answered: type[_Answer[Result]], method: str, path: str, body: Json | None = None
    ) -> Result:
        content = None if body is None else to_json(body)
        answer = await self._client.request(method, path, content=content, headers=self._headers)
        if not answer.is_success:
            raise Refused(answer.status, _words(answer))
        try:
            return answered.model_validate_json(answer.content).result
        except ValidationError as error:
            raise Refused(HTTPStatus.BAD_GATEWAY, "it gave no answer of its own") from error


def _words(answer: Answer) -> str:
    """Read the server's own words out of an answer."""
    try:
        return str(from_json(answer.content)["status"]["error"])
    except (ValueError, LookupError, TypeError):
        return answer.reason
