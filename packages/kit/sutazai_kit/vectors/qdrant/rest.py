"""The few requests to Qdrant's REST API that the adapter makes: https://api.qdrant.tech/.

Qdrant's own client keeps 45 MB in each process that imports it, for gRPC, a local mode and a model
of every message (docs/adr/0013); an agent has 80 MB in all.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx2
from pydantic import TypeAdapter

Json = Mapping[str, Any]
_ANY: TypeAdapter[Any] = TypeAdapter(Any)
_HEADERS = {"content-type": "application/json"}


class Refused(Exception):
    """The server answered, and not with success."""

    def __init__(self, status: int, words: str) -> None:
        """Take the status, and what the server says about it."""
        super().__init__(f"{status} {words}")
        self.status, self.words = status, words


class QdrantRest:
    """Ask a server; every call raises `Refused` or an error of httpx2."""

    def __init__(self, client: httpx2.AsyncClient, secret: str) -> None:
        """Take a client that knows the server's address, and the key or token that is shown."""
        self._client = client
        self._headers = {**_HEADERS, "api-key": secret}

    async def create(self, collection: str, settings: Json) -> None:
        """Create a collection."""
        await self._call("PUT", f"/collections/{collection}", settings)

    async def describe(self, collection: str) -> Json:
        """Give what the server tells of a collection."""
        return dict(await self._call("GET", f"/collections/{collection}"))

    async def drop(self, collection: str) -> None:
        """Remove a collection, if it is there."""
        await self._call("DELETE", f"/collections/{collection}")

    async def index(self, collection: str, field: str, schema: str) -> None:
        """Index a field of the payload, and wait for it."""
        body = {"field_name": field, "field_schema": schema}
        await self._call("PUT", f"/collections/{collection}/index?wait=true", body)

    async def upsert(self, collection: str, points: Sequence[Json]) -> None:
        """Write points, and wait until they are applied."""
        await self._call("PUT", f"/collections/{collection}/points?wait=true", {"points": points})

    async def delete(self, collection: str, narrowed: Json) -> None:
        """Remove the points that a filter lets through, and wait for it."""
        path = f"/collections/{collection}/points/delete?wait=true"
        await self._call("POST", path, {"filter": narrowed})

    async def query(self, collection: str, searches: Sequence[Json]) -> list[list[Json]]:
        """Ask several queries at once; gives the points that each found."""
        path = f"/collections/{collection}/points/query/batch"
        answers = await self._call("POST", path, {"searches": searches})
        return [answer["points"] for answer in answers]

    async def count(self, collection: str, narrowed: Json | None) -> int:
        """Count the points that a filter lets through, exactly; without one all of them."""
        body = {"exact": True} | ({} if narrowed is None else {"filter": narrowed})
        found = await self._call("POST", f"/collections/{collection}/points/count", body)
        return int(found["count"])

    async def scroll(self, collection: str, limit: int, offset: Any) -> tuple[list[Json], Any]:
        """List points without what they hold; gives them and where the next page begins."""
        body = {"limit": limit, "with_payload": False, "with_vector": False}
        if offset is not None:
            body["offset"] = offset
        found = await self._call("POST", f"/collections/{collection}/points/scroll", body)
        return found["points"], found.get("next_page_offset")

    async def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        content = None if body is None else _ANY.dump_json(body)
        answer = await self._client.request(method, path, content=content, headers=self._headers)
        if not answer.is_success:
            raise Refused(answer.status_code, _words(answer))
        try:
            return _ANY.validate_json(answer.content)["result"]
        except (ValueError, LookupError, TypeError) as error:
            raise Refused(HTTPStatus.BAD_GATEWAY, "it gave no answer of its own") from error


def _words(answer: httpx2.Response) -> str:
    """Read the server's own words out of an answer."""
    try:
        return str(_ANY.validate_json(answer.content)["status"]["error"])
    except (ValueError, LookupError, TypeError):
        return answer.reason_phrase or str(answer.status_code)
