"""The small size: all agents in one container, the same work; and back."""

from collections.abc import Iterator
from importlib.metadata import entry_points

import httpx2
import pytest

from tests.stack.running import Stack, eventually, start

pytestmark = pytest.mark.stack

AGENTS = {found.name for found in entry_points(group="sutazai.agents")}


@pytest.fixture(scope="module")
def lite(stack: Stack) -> Iterator[Stack]:
    """Exchange the agents' containers for one, without Neo4j, and back at the end."""
    stack.compose("rm", "-fs", "neo4j", *AGENTS)
    start(stack, size="lite")
    yield stack
    stack.compose("rm", "-fs", "agents", size="lite")
    start(stack)


def test_one_container_holds_every_agent(lite: Stack) -> None:
    containers = lite.containers()
    assert not AGENTS & set(containers)
    assert containers["agents"]["State"]["Health"]["Status"] == "healthy"

    def here() -> bool:
        headers = {"Authorization": f"Bearer {lite.api_key}"}
        answer = httpx2.get(f"{lite.gateway}/api/v1/agents", headers=headers, timeout=10).json()
        states = {agent["name"]: agent["status"] for agent in answer["items"]}
        return set(states) == AGENTS and set(states.values()) <= {"idle", "busy"}

    assert eventually(here)


def test_a_document_is_indexed_and_found(lite: Stack) -> None:
    headers = {"Authorization": f"Bearer {lite.api_key}"}
    with httpx2.Client(base_url=lite.gateway, headers=headers, timeout=30) as api:
        text = b"# Lighthouse\n\nThe keeper of the small lighthouse is called Odalys.\n"
        place = "/api/v1/collections/default/documents"
        sent = api.post(place, files={"file": ("small.md", text, "text/markdown")})
        assert sent.status_code in (200, 202), sent.text
        document = sent.json()["document"]["id"]

        def indexed() -> bool:
            return bool(api.get(f"{place}/{document}").json()["status"] == "indexed")

        assert eventually(indexed, within_s=60)
        found = api.post("/api/v1/search", json={"query": "Who keeps the small lighthouse?"})
        assert "Odalys" in found.text
