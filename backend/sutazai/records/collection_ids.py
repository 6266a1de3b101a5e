"""Which collection is meant, and nothing else of it."""

from dataclasses import dataclass
from uuid import UUID

from sutazai.records.database import Database
from sutazai.records.documents import no_collection

_NAMED = "SELECT id FROM collections WHERE name = $1"
_TOUCHED = """
SELECT r.collection_id FROM runs r WHERE r.id = $1 AND EXISTS (
    SELECT FROM jsonb_array_elements(r.plan -> 'steps') AS s
    WHERE s ->> 'id' = $2 AND s ->> 'collection' <> 'none'
)
"""


@dataclass(frozen=True, slots=True)
class SqlCollectionIds:
    """Collections in PostgreSQL."""

    database: Database

    async def named(self, tenant: UUID, name: str) -> UUID:
        """Give the collection of a name."""
        found: UUID | None = await self.database.lone(tenant).fetchval(_NAMED, name)
        return found or no_collection(name)

    async def touched(self, tenant: UUID, run: UUID, step: str) -> UUID | None:
        """Give the collection that a step of a run may touch; None: none, or it is gone."""
        found: UUID | None = await self.database.lone(tenant).fetchval(_TOUCHED, run, step)
        return found
