"""What the rules find in a text, before it is put with the chunk it stands in."""

from dataclasses import dataclass

from sutazai_contracts.graph import LONGEST_NAME, EntityKind, RelationKind


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """An entity: what is of one kind and has one key is one."""

    kind: EntityKind
    key: str


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that is named at `start:end` of the document's text, in these words."""

    thing: Thing
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Said:
    """Two things that the text at `start:end` joins."""

    subject: Thing
    kind: RelationKind
    object: Thing
    start: int
    end: int


def shown(text: str) -> str:
    """Give a name as it is shown: on one line, and not too long."""
    line = " ".join(text.replace("\x00", " ").split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"
