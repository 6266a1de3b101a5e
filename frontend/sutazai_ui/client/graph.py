"""The graph over core's API: entities, what joins them, and what that was read from."""

from uuid import UUID

from sutazai_ui.client.calls import Caller, read
from sutazai_ui.client.graph_shapes import Entity, Group, Link, Source, Subgraph
from sutazai_ui.client.trouble import content_of


class GraphCalls(Caller):
    """Calls about the graph."""

    def entities(self, text: str, collection: str, limit: int) -> list[Entity]:
        """Find entities by how their names begin, most named first."""
        answer = self.call(
            "GET",
            "/graph/entities",
            params={"text": text, "collection": collection, "limit": limit},
        )
        return [read(Entity, one) for one in content_of(answer).get("entities", ())]

    def neighbours(self, entity: UUID, collection: str, hops: int, limit: int) -> Subgraph:
        """Give what is joined to an entity, itself among it."""
        return self.read(
            Subgraph,
            "/graph/neighbours",
            entity=str(entity),
            collection=collection,
            hops=hops,
            limit=limit,
        )

    def way(self, start: UUID, end: UUID, collection: str, longest: int) -> Subgraph:
        """Give a shortest way between two entities; nothing where none is that short."""
        return self.read(
            Subgraph,
            "/graph/path",
            start=str(start),
            end=str(end),
            collection=collection,
            longest=longest,
        )

    def groups(self, collection: str, limit: int) -> list[Group]:
        """List what belongs together, the largest groups first."""
        answer = self.call(
            "GET", "/graph/communities", params={"collection": collection, "limit": limit}
        )
        return [read(Group, one) for one in content_of(answer).get("communities", ())]

    def answer_graph(self, run: UUID) -> Subgraph:
        """Give what the passages that an answer cites name and say."""
        return self.read(Subgraph, f"/graph/answers/{run}")

    def sources(self, link: Link, collection: str, limit: int) -> list[Source]:
        """Give the passages that a link was read from, by document, then place."""
        asked = {
            "subject": str(link.subject),
            "kind": link.kind,
            "object": str(link.object),
            "collection": collection,
            "limit": limit,
        }
        answer = self.call("GET", "/graph/sources", params=asked)
        return [read(Source, one) for one in content_of(answer).get("sources", ())]
