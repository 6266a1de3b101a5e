"""What a graph stands for: which versions of documents it holds, in few bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Standing:
    """Which versions of a collection: how many, and the exclusive or of their ids, in hexadecimal.

    What a version says never changes, so two graphs of the same versions are the same. Ids are
    random enough that no other set comes to the same: 74 bits of each are.
    """

    versions: int
    digest: str

    @classmethod
    def of(cls, versions: Iterable[UUID]) -> Self:
        """Give what a graph of these versions stands for."""
        count, digest = 0, 0
        for version in versions:
            count, digest = count + 1, digest ^ version.int
        return cls(count, f"{digest:032x}")


@dataclass(frozen=True, slots=True)
class Held:
    """What a projection holds of a collection.

    standing: the versions; None while they are being changed.
    changes: rises with each change, so that who reads sees whether there was one meanwhile.
    distrusted: it is to be made anew, whatever it stands for.
    """

    standing: Standing | None
    changes: int
    distrusted: bool = False
