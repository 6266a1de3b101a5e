"""Models as core sees them: what is there, which one a role gets, whose turn it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sutazai.core.models.answers import KeptAnswers
from sutazai.core.models.lines import Lines
from sutazai.core.models.metering import Metering
from sutazai.core.models.model import ModelsState
from sutazai.core.models.routing import DEFAULT, Routes, route
from sutazai.core.models.runtimes import Runtimes
from sutazai_kit.slots.port import Chosen, Wish

USE_SINCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Models:
    """Choose models, keep the lines, tell how things stand.

    Args:
        runtimes: the runtime in use.
        lines: one per runtime and model.
        routes: which models roles use.
        metering: keeps the calls that were made.
        answers: keeps what was answered.
    """

    runtimes: Runtimes
    lines: Lines
    routes: Routes
    metering: Metering
    answers: KeptAnswers
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def choose(self, wish: Wish) -> Chosen | None:
        """Choose a model of the runtime in use; None: none answers, or none is able."""
        await self.runtimes.looked()
        return self._route(wish)

    async def state(self, tenant: UUID) -> ModelsState:
        """Tell what there is, how the lines stand, and what a tenant used in the last day.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        await self.runtimes.looked()
        present = self.runtimes.present
        use = await self.metering.records.used(tenant, self.now() - USE_SINCE)
        roles = sorted({DEFAULT, *self.routes.roles})
        chosen = {role: self._route(Wish(role=role)) for role in roles}
        return ModelsState(
            runtime=present.info if present else None,
            advice=self.runtimes.remedy(),
            models=present.models if present else (),
            roles={role: found.model if found else None for role, found in chosen.items()},
            lines=self.lines.states(tenant),
            use=tuple(use),
        )

    def _route(self, wish: Wish) -> Chosen | None:
        present = self.runtimes.present
        if present is None:
            return None
        return route(wish, self.routes, present.models, hosted=present.info.hosted)
