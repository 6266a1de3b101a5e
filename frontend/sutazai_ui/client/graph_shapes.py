"""What core's API answers of the graph, as far as the dashboard shows it."""

from uuid import UUID

from sutazai_contracts.knowledge import DocumentRef
from sutazai_ui.client.shapes import Given


class Entity(Given):
    """What documents of a collection name, and how many of their passages do."""

    id: UUID
    kind: str
    name: str
    chunks: int


class Link(Given):
    """Two entities that belong together, and how many passages say so."""

    subject: UUID
    kind: str
    object: UUID
    weight: int

    @property
    def directed(self) -> bool:
        """Tell whether it leads from one to the other."""
        return self.kind != "together"

    def other(self, end: UUID) -> UUID:
        """Give the end that is not this one."""
        return self.object if end == self.subject else self.subject


class Subgraph(Given):
    """Entities and the links between them; of a way, in its order."""

    entities: tuple[Entity, ...] = ()
    links: tuple[Link, ...] = ()
    cut: bool = False


class Group(Given):
    """Entities that are joined most with each other, and how many there are in all."""

    entities: tuple[Entity, ...] = ()
    size: int


class Source(Given):
    """What a link was read from: a span of a document's text."""

    document: DocumentRef
    heading_path: tuple[str, ...] = ()
    start: int
    end: int
