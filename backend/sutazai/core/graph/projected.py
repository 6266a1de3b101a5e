"""The graph as it is asked where there is a projection: that where it is whole, else the facts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from loguru import logger

from sutazai.core.graph.model import ProjectionState, Scope
from sutazai.core.graph.port import Graph, Projection
from sutazai.core.graph.ports import FactRecords
from sutazai.core.graph.projector import Projector
from sutazai_contracts.errors import GraphUnavailable

T = TypeVar("T")


@dataclass(frozen=True)
class ProjectedGraph:
    """Ask the projection what it is known to answer as the facts would, and else the facts.

    It answers where it stands for the versions that are found now, before and after a question, and
    nothing of that collection was changed between. So nobody who was told that a document is found,
    or gone, is answered by what was before; and a projection that is away, behind or lost is missed
    by no answer.

    Args:
        facts: the graph of the facts themselves.
        projected: the graph as the projection has it.
        projector: keeps that up with the facts, and knows whether it answers.
        on_asked: told whether it was the projection that answered.
    """

    facts: Graph
    projected: Graph
    projector: Projector
    on_asked: Callable[[bool], None] = lambda projected: None

    @property
    def records(self) -> FactRecords:
        """Give what tells of the facts."""
        return self.projector.records

    @property
    def projection(self) -> Projection:
        """Give what holds the projection."""
        return self.projector.projection

    async def ask(self, scope: Scope, question: Callable[[Graph], Awaitable[T]]) -> T:
        """Ask a question of one or more steps.

        Raises:
            GraphUnavailable: the facts can't be asked either.
        """
        if self.projector.problem is None:
            try:
                if found := await self._of_projection(scope, question):
                    self.on_asked(True)
                    return found[0]
            except GraphUnavailable as exc:
                # Others do not wait for it, until the projector has seen it again.
                self.projector.lost(exc)
                logger.warning("The graph is asked of the facts: {}", exc.message)
        self.on_asked(False)
        return await question(self.facts)

    async def _of_projection(
        self, scope: Scope, question: Callable[[Graph], Awaitable[T]]
    ) -> tuple[T] | None:
        wanted, before = await asyncio.gather(
            self.records.standing(scope), self.projection.held_of(scope)
        )
        if before is None or before.standing != wanted or before.distrusted:
            return None
        found = await question(self.projected)
        return (found,) if await self.projection.held_of(scope) == before else None

    async def state(self, scope: Scope) -> ProjectionState:
        """Tell how far a collection is projected.

        Raises:
            DatabaseUnavailable: the record does not answer.
            GraphUnavailable: the projection does not answer.
        """
        wanted = await self.records.standing(scope)
        held = await self.projection.held_of(scope)
        there = await self.projection.versions(scope)
        whole = wanted.versions == 0 if held is None else held.standing == wanted
        anew = held is not None and held.distrusted
        return ProjectionState(whole and not anew, 0 if anew else len(there), wanted.versions)

    async def rebuild(self, scope: Scope) -> None:
        """Have a collection projected anew; it is asked of the facts until that is done.

        Raises:
            GraphUnavailable: the projection does not answer.
        """
        await self.projection.distrust(scope)
        self.projector.nudge()
