"""A collection of one-chunk documents, and the researcher asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4, uuid5

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_agents.researcher import researcher
from sutazai_contracts.errors import GraphUnavailable
from sutazai_contracts.joining import Joined
from sutazai_contracts.knowledge import CollectionGrant, Passages
from sutazai_contracts.tasks import Claim
from sutazai_kit import AgentPorts
from sutazai_kit.asking import ModelAccess
from sutazai_kit.testing import AgentTestResult, run_agent
from sutazai_kit.vectors.edge import EdgeVectors
from sutazai_kit.vectors.port import Point


@dataclass
class Drawn:
    """A graph as a test draws it: what is joined, or why nothing can be told."""

    joined_to: Joined = field(default_factory=Joined)
    away: str = ""
    asked: list[list[UUID]] = field(default_factory=list)

    async def joined(self, claim: Claim, chunks: Sequence[UUID]) -> Joined:
        """Give what is drawn."""
        self.asked.append([*chunks])
        if self.away:
            raise GraphUnavailable(self.away)
        return self.joined_to


class Collection:
    """A collection of one-chunk documents, and the researcher asked of it."""

    def __init__(self, vectors: EdgeVectors, minilm: InProcessEmbeddings) -> None:
        self.joining = Drawn()
        self.ports = AgentPorts(vectors=vectors, embeddings=minilm, joining=self.joining)
        self.grant = CollectionGrant(
            collection=uuid4(), physical=uuid4(), access="read", model=minilm.model
        )

    def version(self, name: str) -> UUID:
        return uuid5(self.grant.collection, name)

    async def fill(self, facts: dict[str, str]) -> None:
        assert self.ports.vectors is not None
        assert self.ports.embeddings is not None
        vectors = await self.ports.embeddings.embed([*facts.values()])
        points = [
            Point(self.version(name), self.version(name), vector, text, self._payload(name, text))
            for (name, text), vector in zip(facts.items(), vectors, strict=True)
        ]
        await self.ports.vectors.upsert(self.grant.physical, points)

    def _payload(self, name: str, text: str) -> dict[str, Any]:
        """What the librarian writes."""
        return {
            "document": str(self.version(name)),
            "name": name,
            "number": 0,
            "start": 0,
            "end": len(text),
            "heading_path": [],
        }

    async def ask(self, question: str, **more: Any) -> AgentTestResult:
        return await run_agent(
            researcher, {"question": question, **more}, ports=self.ports, grant=self.grant
        )

    def use(self, models: ModelAccess) -> None:
        """Give the researcher a model."""
        self.ports = replace(self.ports, models=models)

    async def names(self, question: str, **more: Any) -> Sequence[str]:
        done = await self.ask(question, **more)
        assert isinstance(done.output, Passages), done.result
        return [each.document.name for each in done.output.passages]
