"""Chunks by what was quoted of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sutazai.core.graph.ports import Quoted
from sutazai.records.database import Database

_CITED = """
SELECT DISTINCT k.id FROM jsonb_to_recordset($1::text::jsonb)
    AS x(document uuid, start_offset bigint, end_offset bigint)
JOIN document_versions v ON v.document_id = x.document AND v.state = 'indexed'
JOIN chunks k ON k.version_id = v.id
    AND k.start_offset < x.end_offset AND k.end_offset > x.start_offset
ORDER BY k.id
"""


@dataclass(frozen=True, slots=True)
class SqlCitedChunks:
    """Chunks in PostgreSQL."""

    database: Database

    async def cited(self, tenant: UUID, quotes: Sequence[Quoted]) -> list[UUID]:
        """Give the chunks of what is indexed now that these spans are in, by id."""
        rows = json.dumps(
            [
                {
                    "document": str(quote.document),
                    "start_offset": quote.start,
                    "end_offset": quote.end,
                }
                for quote in quotes
            ]
        )
        found = await self.database.lone(tenant).fetch(_CITED, rows)
        return [row["id"] for row in found]
