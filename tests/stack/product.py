"""The running stack as its tests look at it: through the gateway, and past it from inside."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from tests.journey.suite import QUESTION, upload
from tests.stack.running import Stack, eventually

# Reads an address from inside; what it answers is printed, whatever the status.
_READ = """
import json, sys, urllib.error, urllib.request
asked = urllib.request.Request(sys.argv[1], headers=json.loads(sys.argv[2]))
try:
    answer = urllib.request.urlopen(asked, timeout=10)
except urllib.error.HTTPError as problem:
    answer = problem
print(answer.read().decode())
"""
# Core's own door, which does not depend on the gateway.
_CORE = "http://127.0.0.1:10010"
_ENDED = {"succeeded", "failed", "cancelled"}
# Digits make no name.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


@dataclass(frozen=True)
class Product:
    """A stack that runs, asked as a user and as one who looks inside."""

    stack: Stack

    @contextmanager
    def client(self, timeout_s: float = 15) -> Iterator[httpx2.Client]:
        """Give a client of the gateway with the first tenant's key.

        Raises:
            ConnectionError: the gateway is away.
        """
        key = {"Authorization": f"Bearer {self.stack.api_key}"}
        try:
            with httpx2.Client(
                base_url=self.stack.gateway, headers=key, timeout=timeout_s
            ) as client:
                yield client
        except httpx2.TransportError as exc:
            raise ConnectionError(f"the gateway is away: {exc}") from exc

    def ask(self, goal: str = QUESTION, workflow: str = "answer") -> str:
        """Start a run; gives its id once it was accepted."""
        with self.client() as client:
            body = {"goal": goal, "workflow": workflow}
            answer = client.post(
                "/api/v1/runs", json=body, headers={"Idempotency-Key": str(uuid4())}
            )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run(self, run: str) -> dict[str, Any]:
        """Read a run."""
        with self.client() as client:
            answer = client.get(f"/api/v1/runs/{run}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ended(self, run: str, within_s: float = 90) -> dict[str, Any]:
        """Wait for the end of a run; gives it."""

        def over() -> dict[str, Any] | None:
            shown = self.run(run)
            return shown if shown["status"] in _ENDED else None

        found = eventually(over, within_s=within_s)
        assert found is not None
        return found

    def unwell(self) -> set[str]:
        """Name the parts that /health/ready says are not well, asked at core itself."""
        parts = json.loads(self.inside(f"{_CORE}/health/ready"))["parts"]
        return {part["name"] for part in parts if not part["ok"]}

    def agents(self) -> dict[str, dict[str, Any]]:
        """Read the agents, by name, from core itself."""
        key = f"Bearer {self.stack.api_key}"
        found = json.loads(self.inside(f"{_CORE}/api/v1/agents", Authorization=key))
        return {agent["name"]: agent for agent in found["items"]}

    def down(self) -> set[str]:
        """Name the agents that are shown as down."""
        return {name for name, agent in self.agents().items() if agent["status"] == "down"}

    def well(self) -> bool:
        """Tell whether every part is well, every agent there, and the gateway finds core."""
        with self.client() as client:
            ready, agents = client.get("/health/ready"), client.get("/api/v1/agents")
        if ready.status_code != 200 or agents.status_code != 200:
            return False
        parts, known = ready.json()["parts"], agents.json()["items"]
        return all(part["ok"] for part in parts) and all(one["status"] != "down" for one in known)

    def joined(self, collection: str = "default", within_s: float = 90) -> None:
        """Upload a document like no other, and ask around its name until Neo4j answers."""
        one = f"Halden{uuid4().hex[:8].translate(_LETTERS)}"
        text = f"# Of it\n\nThe Zephyr 9 was built by {one} Works in Trondheim.\n"
        where = {"collection": collection}
        with self.client(timeout_s=60) as client:
            upload(client, collection, f"{one}.md", text)
            asked = {"text": one, **where}
            found = client.get("/api/v1/graph/entities", params=asked).json()["entities"]
            [name] = [entity for entity in found if entity["kind"] == "name"]
            near = {"entity": name["id"], **where}

            def answered() -> bool:
                state = client.get("/api/v1/graph/projection", params=where).json()
                found = client.get("/api/v1/graph/neighbours", params=near).json()
                assert "Trondheim" in {entity["name"] for entity in found["entities"]}, found
                return bool(state["whole"])

            eventually(answered, within_s=within_s)
            assert client.get("/api/v1/graph/neighbours", params=near).status_code == 200

    def inside(self, url: str, **headers: str) -> str:
        """Read an address of the inner networks, from core's container."""
        return self.stack.python("core", _READ, url, json.dumps(headers))

    def sql(self, query: str) -> list[list[str]]:
        """Ask PostgreSQL as its superuser; gives the rows, each value as text."""
        rows = self.stack.run_in(
            "postgres", "psql", "-U", "postgres", "-d", "sutazai", "-qtAF", "\t", "-c", query
        )
        return [line.split("\t") for line in rows.splitlines()]
