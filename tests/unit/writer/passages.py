"""Make passages as the researcher hands them on."""

from uuid import UUID, uuid4

from sutazai_contracts.knowledge import DocumentRef, Passage


def passage(
    text: str,
    *,
    start: int = 0,
    headings: tuple[str, ...] = (),
    name: str = "notes.md",
    document: UUID | None = None,
    by_graph: bool = False,
) -> Passage:
    return Passage(
        chunk=uuid4(),
        document=DocumentRef(id=document or uuid4(), name=name),
        heading_path=headings,
        start=start,
        end=start + len(text),
        text=text,
        score=1.0,
        similarity=0.5,
        by_graph=by_graph,
    )
