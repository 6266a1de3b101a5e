"""The way of a claim into the one collection that it was granted."""

from typing import Protocol

from sutazai_contracts.knowledge import CollectionGrant


class VectorAccess(Protocol):
    """Make tokens for a vector store that asks for a key; core alone holds the key."""

    def token(self, grant: CollectionGrant, timeout_s: float) -> str:
        """Make a token for what is granted and no more.

        It lets its holder search and list the points of that collection and, where the grant is to
        write, write and delete them; it neither makes nor drops collections, nor shows others.

        Args:
            grant: the collection, and whether it is only read.
            timeout_s: seconds that the task may take. The token ends at most a minute after that.
        """
