"""What models need of their record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sutazai.core.models.model import CallRecord, ModelUse


class CallRecords(Protocol):
    """Keep calls of models. Raises `DatabaseUnavailable` where the database does not answer."""

    async def keep_calls(self, calls: Sequence[CallRecord]) -> None:
        """Write calls of any tenants in one statement; one that is there already stays as it is."""

    async def used(self, tenant: UUID, since: datetime) -> list[ModelUse]:
        """Sum up what a tenant's calls that ended since then used, by provider and model."""
