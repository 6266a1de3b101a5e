"""Slots for agents that run inside core: the same services, no wire between."""

from dataclasses import dataclass

from sutazai.core.models.service import Models
from sutazai_kit.slots.port import CallReport, Chosen, OnPlace, Slot, SlotRequest, Wish


@dataclass(frozen=True, slots=True)
class InProcessSlots:
    """Let agents of this process choose models and wait for their turn."""

    models: Models

    async def choose(self, wish: Wish) -> Chosen | None:
        """Choose among the models that are present and able; None: there is none."""
        return await self.models.choose(wish)

    async def acquire(self, request: SlotRequest, on_place: OnPlace) -> Slot:
        """Wait for a slot; a caller that is cancelled leaves the line."""
        return await self.models.lines.acquire(request, on_place)

    async def renew(self, slot: Slot) -> bool:
        """Keep a slot for another lease; false: it was taken back."""
        return self.models.lines.renew(slot.id)

    def release(self, slot: Slot, report: CallReport) -> None:
        """Give a slot back with what its call cost; a second time changes nothing."""
        self.models.lines.release(slot.id, report)
