"""What the API answers of the graph, as far as the command line needs it."""

from uuid import UUID

from sutazai.entrypoints.cli.shapes import Shape


class Entity(Shape):
    """What documents name."""

    id: UUID
    kind: str
    key: str
    name: str
    chunks: int


class Link(Shape):
    """Two entities that belong together."""

    subject: UUID
    kind: str
    object: UUID
    weight: int


class Entities(Shape):
    """Entities that were found."""

    entities: tuple[Entity, ...] = ()


class Projection(Shape):
    """Where the graph of a collection is asked."""

    projected: bool
    whole: bool
    versions: int
    of: int


class Subgraph(Shape):
    """Entities and the links between them; of a way, in its order."""

    entities: tuple[Entity, ...] = ()
    links: tuple[Link, ...] = ()
    cut: bool = False


class Community(Shape):
    """Entities that are joined most with each other, and how many there are."""

    entities: tuple[Entity, ...] = ()
    size: int


class Communities(Shape):
    """Groups of entities."""

    communities: tuple[Community, ...] = ()
