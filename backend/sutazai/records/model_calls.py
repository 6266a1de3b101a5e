"""Calls of models in PostgreSQL: written in batches by the workers' role, read by their tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sutazai.core.models.model import CallRecord, ModelUse
from sutazai.records.database import Database

# A call whose run is gone, with its tenant perhaps, is left out: it would stop all the others.
_KEEP = """
INSERT INTO model_calls
SELECT c.* FROM jsonb_populate_recordset(NULL::model_calls, $1::jsonb) AS c
WHERE EXISTS (SELECT 1 FROM runs WHERE runs.id = c.run_id AND runs.tenant_id = c.tenant_id)
ON CONFLICT (id) DO NOTHING
"""
_USED = """
SELECT provider, model, count(*) AS calls,
    count(*) FILTER (WHERE ending IN ('failed', 'lost')) AS failed,
    sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
    sum(total_s) AS seconds, sum(cost) AS cost
FROM model_calls WHERE ended_at >= $1 GROUP BY provider, model ORDER BY provider, model
"""


@dataclass(frozen=True, slots=True)
class SqlModelCalls:
    """Calls of models in PostgreSQL."""

    database: Database

    async def keep_calls(self, calls: Sequence[CallRecord]) -> None:
        """Write calls of any tenants in one statement; one that is there already stays as it is."""
        async with self.database.work() as connection:
            await connection.execute(_KEEP, [_row(call) for call in calls])

    async def used(self, tenant: UUID, since: datetime) -> list[ModelUse]:
        """Sum up what a tenant's calls that ended since then used, by provider and model."""
        rows = await self.database.lone(tenant).fetch(_USED, since)
        return [ModelUse(**row) for row in rows]


def _row(call: CallRecord) -> dict[str, Any]:
    request, report, usage = call.request, call.report, call.report.usage
    return {
        "id": str(call.id),
        "tenant_id": str(request.tenant),
        "run_id": str(request.run),
        "task_id": str(request.task),
        "agent": request.agent,
        "provider": request.provider,
        "model": request.model,
        "priority": request.priority,
        "ending": report.ending,
        "error": report.error,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "exact": usage.exact,
        "waited_s": call.waited_s,
        "first_token_s": usage.first_token_s,
        "total_s": usage.total_s,
        "cost": usage.cost,
        "ended_at": call.ended_at.isoformat(),
    }
