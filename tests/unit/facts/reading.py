"""A document's facts, put so that a test can say them."""

from collections.abc import Sequence
from uuid import UUID

from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.facts.extract import with_facts
from sutazai_contracts.graph import ChunkFacts, EntityKind, RelationKind
from sutazai_contracts.knowledge import Chunk, chunk_id

VERSION = UUID("0190a3b4-0000-7000-8000-000000000001")


def read(
    *texts: str,
    name: str = "guide.md",
    media_type: str = "text/markdown",
    headings: Sequence[str] = (),
) -> list[Chunk]:
    """Read the facts of a document whose chunks are these texts, with an empty line between."""
    chunks: list[Chunk] = []
    start = 0
    for number, text in enumerate(texts):
        chunks.append(
            Chunk(
                id=chunk_id(VERSION, number),
                version=VERSION,
                number=number,
                start=start,
                end=start + len(text),
                heading_path=tuple(headings),
                text=text,
            )
        )
        start += len(text) + 2
    return with_facts(chunks, Parsed("\n\n".join(texts), media_type, None, ()), name)


def facts(*texts: str, **document: str) -> ChunkFacts:
    """Read the facts of the first chunk."""
    return read(*texts, **document)[0].facts


def keys(of: ChunkFacts, kind: EntityKind = EntityKind.NAME) -> list[str]:
    """Give the keys of what is mentioned, in the order of the text."""
    return [mention.key for mention in of.mentions if mention.kind is kind]


def said(of: ChunkFacts, *kinds: RelationKind) -> set[tuple[str, str, str]]:
    """Give what is said, by keys; of all kinds but `part_of` where none is named."""
    return {
        (of.mentions[one.subject].key, one.kind.value, of.mentions[one.object].key)
        for one in of.relations
        if (one.kind in kinds if kinds else one.kind is not RelationKind.PART_OF)
    }
