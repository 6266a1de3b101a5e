"""Facts as they travel: what a chunk mentions, what it says of that, and where it says so."""

import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

# Of one chunk, so that no document makes more facts than it has text.
MOST_MENTIONS = 24
MOST_RELATIONS = 32
# Of a document, as far as each of its chunks may have one: they are written by one commit.
MOST_OF_DOCUMENT = 10_000
LONGEST_NAME = 120

_SEPARATORS = re.compile(r"[\W_]+")

_Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
_Offset = Annotated[int, Field(ge=0)]


class EntityKind(StrEnum):
    """What an entity is."""

    NAME = "name"
    DATE = "date"
    NUMBER = "number"
    TERM = "term"
    DOCUMENT = "document"
    SECTION = "section"
    WEB_PAGE = "web_page"
    MODULE = "module"
    SYMBOL = "symbol"


class RelationKind(StrEnum):
    """What joins two entities; `together` has no direction: a sentence names both."""

    TOGETHER = "together"
    IS_A = "is_a"
    PART_OF = "part_of"
    LINKS_TO = "links_to"
    IMPORTS = "imports"
    DEFINES = "defines"
    CALLS = "calls"


class _Fact(BaseModel):
    """A value: unknown fields are refused, fields do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mention(_Fact):
    """An entity that a chunk names, and where it does so first, in the stored text.

    Entities of one collection with the same kind and key are one.
    """

    kind: EntityKind
    key: _Name
    name: _Name
    start: _Offset
    end: _Offset


class Relation(_Fact):
    """Two of a chunk's mentions that belong together, and the span that says so."""

    subject: _Offset = Field(description="Which of the chunk's mentions, from 0.")
    kind: RelationKind
    object: _Offset
    start: _Offset
    end: _Offset


class ChunkFacts(_Fact):
    """What was read from one chunk."""

    mentions: tuple[Mention, ...] = Field(default=(), max_length=MOST_MENTIONS)
    relations: tuple[Relation, ...] = Field(default=(), max_length=MOST_RELATIONS)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len({(mention.kind, mention.key) for mention in self.mentions}) < len(self.mentions):
            raise ValueError("an entity is mentioned twice")
        for relation in self.relations:
            if max(relation.subject, relation.object) >= len(self.mentions):
                raise ValueError("a relation names a mention that is not there")
            if relation.subject == relation.object:
                raise ValueError("a relation joins an entity with itself")
        return self


def entity_id(collection: UUID, kind: EntityKind, key: str) -> UUID:
    """Name an entity: UUIDv5 (RFC 9562) of its collection, kind and key."""
    return uuid5(collection, f"{kind.value}:{key}")


def folded(text: str) -> str:
    """Give the words of a text without case, accents and marks, as keys of names have them."""
    return _SEPARATORS.sub(" ", unaccented(text)).strip()


def unaccented(text: str) -> str:
    """Give a text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
