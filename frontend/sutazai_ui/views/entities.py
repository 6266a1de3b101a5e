"""Entities as they are shown wherever they are: their kinds in words and signs, links to them."""

from sutazai_ui.client import Entity, Link
from sutazai_ui.views.amounts import counted
from sutazai_ui.views.picture import Box

PAGE = "graph"
_ICONS = {
    "name": ":material/label:",
    "date": ":material/event:",
    "number": ":material/numbers:",
    "term": ":material/dictionary:",
    "document": ":material/description:",
    "section": ":material/segment:",
    "web_page": ":material/link:",
    "module": ":material/package_2:",
    "symbol": ":material/function:",
}
_OTHER = ":material/circle:"


def icon(entity: Entity) -> str:
    """Give the sign of an entity's kind."""
    return _ICONS.get(entity.kind, _OTHER)


def about(entity: Entity) -> str:
    """Say what an entity is and how often it is named."""
    return f"{word(entity.kind)} · {counted(entity.chunks, 'passage')}"


def word(kind: str) -> str:
    """Say a kind, of an entity or of a link."""
    return kind.replace("_", " ")


def address(entity: Entity, collection: str) -> dict[str, str]:
    """Give what stands in the address of an entity's own view."""
    return {"collection": collection, "entity": str(entity.id)}


def box(entity: Entity, collection: str) -> Box:
    """Give an entity as a box of a picture, which leads to its own view."""
    where = address(entity, collection)
    told = counted(entity.chunks, "passage")
    return Box(str(entity.id), entity.name, told, icon(entity), PAGE, where)


def between(link: Link, left: Entity) -> str:
    """Say what joins an entity to the one that is right of it."""
    if not link.directed:
        return f"– {word(link.kind)} –"
    return f"{word(link.kind)} →" if link.subject == left.id else f"← {word(link.kind)}"
