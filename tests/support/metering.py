"""A record of model calls that keeps them in a list."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sutazai.core.models.model import CallRecord, ModelUse


@dataclass
class Kept:
    """Calls as they come to be kept."""

    calls: list[CallRecord] = field(default_factory=list)

    async def keep_calls(self, calls: Sequence[CallRecord]) -> None:
        self.calls.extend(calls)

    async def used(self, tenant: UUID, since: datetime) -> list[ModelUse]:
        return []
