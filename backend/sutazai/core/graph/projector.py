"""The projector: brings the projection up with the facts, whatever state it finds it in."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from loguru import logger

from sutazai.core.graph.model import Scope
from sutazai.core.graph.port import Projection
from sutazai.core.graph.ports import FactRecords
from sutazai.core.graph.standing import Held
from sutazai_contracts.errors import GraphUnavailable, Unavailable

# Of how many chunks the facts go into one transaction, and how many versions leave in one.
_CHUNKS_AT_ONCE = 400
_REMOVED_AT_ONCE = 20
# Of the time, looking may take this share where nothing has changed.
_SHARE = 0.05


@dataclass(slots=True)
class Projector:
    """Compare what is projected with what the record says every `every_s` seconds, and mend it.

    It goes by what is there, not by what was done: it keeps no place of its own that could be lost
    or lie. So it may run twice, stop anywhere, or meet a projection that is empty, behind, or ahead
    of a record that was restored. What it adds is whole versions, each in one transaction.

    Args:
        problem: why the projection can't be asked now, in words; None: it can.
    """

    records: FactRecords
    projection: Projection
    every_s: float = 1.0
    problem: str | None = "The graph's projection was not looked at yet."
    _prepared: bool = False
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)

    def nudge(self) -> None:
        """Have it look at once."""
        self._nudged.set()

    def lost(self, error: GraphUnavailable) -> None:
        """Take note that the projection did not answer somebody."""
        self.problem, self._prepared = error.message, False

    async def check(self) -> None:
        """Raise `GraphUnavailable` where the projection can't be asked."""
        if self.problem is not None:
            raise GraphUnavailable(self.problem)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._nudged.clear()
            began = monotonic()
            try:
                await self.look()
            except GraphUnavailable as exc:
                if self.problem != exc.message:
                    logger.warning("The graph's projection waits: {}", exc.message)
                self.lost(exc)
            except Unavailable as exc:
                logger.warning("The facts can't be projected now: {}", exc.message)
            pause_s = max(self.every_s, (monotonic() - began) / _SHARE)
            try:
                async with asyncio.timeout(min(pause_s, 60.0)):
                    await self._nudged.wait()
            except TimeoutError:
                pass

    async def look(self) -> int:
        """Bring every collection up with its facts; gives how many were not.

        Raises:
            DatabaseUnavailable: the record does not answer.
            GraphUnavailable: the projection does not answer.
        """
        if not self._prepared:
            await self.projection.prepare()
            self._prepared = True
        # The facts first: what is projected meanwhile by another is then no difference.
        wanted, held = await self.records.standings(), await self.projection.held()
        self.problem = None
        differing = [scope for scope, standing in wanted.items() if _differs(held, scope, standing)]
        gone = [scope for scope in held if scope not in wanted]
        for scope in differing:
            await self._bring_up(scope, held.get(scope))
        for scope in gone:
            # A document may have come since.
            if not (await self.records.standing(scope)).versions:
                await self.projection.forget(scope)
        return len(differing) + len(gone)

    async def _bring_up(self, scope: Scope, held: Held | None) -> None:
        began = monotonic()
        if held is not None and held.distrusted:
            await self.projection.forget(scope)
        wanted = await self.records.indexed(scope)
        there = await self.projection.versions(scope)
        surplus = sorted(there - wanted.keys())
        for first in range(0, len(surplus), _REMOVED_AT_ONCE):
            await self.projection.remove(scope, surplus[first : first + _REMOVED_AT_ONCE])
        missing = {version: wanted[version] for version in wanted if version not in there}
        for some in _batches(missing):
            await self.projection.add(scope, await self.records.facts(scope, some))
        await self.projection.settle(scope)
        logger.info(
            "Projected collection {}: {} versions came, {} went, in {:.1f} s",
            *(scope.collection, len(missing), len(surplus), monotonic() - began),
        )


def _differs(held: Mapping[Scope, Held], scope: Scope, standing: object) -> bool:
    there = held.get(scope)
    return there is None or there.distrusted or there.standing != standing


def _batches(versions: Mapping[UUID, int]) -> Iterator[list[UUID]]:
    """Give versions in order, so many at a time that their chunks come to no more than a batch."""
    some: list[UUID] = []
    chunks = 0
    for version in sorted(versions):
        if some and chunks + versions[version] > _CHUNKS_AT_ONCE:
            yield some
            some, chunks = [], 0
        some.append(version)
        chunks += versions[version]
    if some:
        yield some
