"""Passages by what they say of two entities."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sutazai.core.graph.model import Scope, Source
from sutazai.records.database import Database
from sutazai_contracts.graph import RelationKind
from sutazai_contracts.knowledge import DocumentRef

# The index of subjects finds the rows; how many say so does not grow with the collection.
_SAYING = """
SELECT d.id, d.name, k.heading_path, r.start_offset, r.end_offset
FROM relations r
JOIN chunks k ON k.id = r.chunk_id
JOIN document_versions v ON v.id = k.version_id
JOIN documents d ON d.id = v.document_id
WHERE r.collection_id = $1 AND r.subject = $2 AND r.kind = $3 AND r.object = $4
ORDER BY d.name COLLATE "C", d.id, r.start_offset, k.id LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class SqlSayingPassages:
    """Passages in PostgreSQL."""

    database: Database

    async def saying(
        self, scope: Scope, subject: UUID, kind: RelationKind, what: UUID, limit: int
    ) -> Sequence[Source]:
        """Give the passages that say this of two entities, by document, then place."""
        async with self.database.hot(scope.tenant) as connection:
            rows = await connection.fetch(
                _SAYING, scope.collection, subject, kind.value, what, limit
            )
        return [
            Source(
                DocumentRef(id=row["id"], name=row["name"]),
                tuple(row["heading_path"]),
                row["start_offset"],
                row["end_offset"],
            )
            for row in rows
        ]
