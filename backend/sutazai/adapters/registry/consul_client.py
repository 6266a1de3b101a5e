"""Consul's HTTP API, the few calls of it that are used: https://developer.hashicorp.com/consul/api-docs

Errors of the wire become `Unavailable`.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sutazai_contracts.errors import Unavailable
from sutazai_kit.http_client import Answer, HttpClient, HttpError

ANSWER_S = 3.0
# Longest wait of a blocking query; Consul adds up to a sixteenth of it.
WAIT_S = 20
INDEX = "X-Consul-Index"


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of a service, and whether all its checks pass."""

    id: str
    address: str
    port: int
    meta: Mapping[str, str]
    passing: bool


@dataclass(frozen=True, slots=True)
class ConsulClient:
    """Register services at the agent, and read who is there."""

    http: HttpClient

    @property
    def url(self) -> str:
        """Give where Consul answers."""
        return self.http.base_url

    async def register(self, definition: Mapping[str, Any]) -> None:
        """Register a service with its check; one of this id is replaced."""
        await self._call("PUT", "/v1/agent/service/register", dict(definition))

    async def deregister(self, service: str) -> None:
        """Forget a service; one that is not known is no error."""
        await self._call("PUT", f"/v1/agent/service/deregister/{service}", missing_ok=True)

    async def knows(self, service: str) -> bool:
        """Tell whether a service of this id is registered."""
        answer = await self._call("GET", f"/v1/agent/service/{service}", missing_ok=True)
        return answer.status == 200

    async def instances(self, service: str, index: int = 0) -> tuple[list[Instance], int]:
        """List the instances of a service, healthy or not, once they are not as at `index`.

        Args:
            service: the service's name.
            index: what an earlier call gave; 0: answer at once.

        Returns:
            The instances, and the index to wait from next time.
        """
        changed = f"?index={index}&wait={WAIT_S}s" if index else ""
        answer = await self._call(
            "GET",
            f"/v1/health/service/{service}{changed}",
            silence_s=WAIT_S * 1.2 + ANSWER_S,
        )
        newest = int(answer.headers.get(INDEX, "0"))
        # An index that went back is that of another server: begin anew.
        return [_instance(entry) for entry in answer.json()], newest if newest >= index else 0

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        missing_ok: bool = False,
        silence_s: float | None = None,
    ) -> Answer:
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = await self.http.request(method, path, content=content, silence_s=silence_s)
        except HttpError as exc:
            raise Unavailable(f"Consul does not answer: {type(exc).__name__}") from exc
        if answer.is_success or (missing_ok and answer.status == 404):
            return answer
        raise Unavailable(f"Consul refuses {path}: {answer.status} {answer.text[:200]}")


def _instance(entry: Mapping[str, Any]) -> Instance:
    service = entry["Service"]
    return Instance(
        id=service["ID"],
        address=service["Address"] or entry["Node"]["Address"],
        port=service["Port"],
        meta=service.get("Meta") or {},
        passing=all(check["Status"] == "passing" for check in entry["Checks"]),
    )


@asynccontextmanager
async def open_consul(url: str, token: str | None = None) -> AsyncIterator[ConsulClient]:
    """Open a client of the Consul at a URL; it connects when it is first used."""
    headers = {} if token is None else {"X-Consul-Token": token}
    async with aclosing(HttpClient(url, silence_s=ANSWER_S, headers=headers)) as http:
        yield ConsulClient(http)
