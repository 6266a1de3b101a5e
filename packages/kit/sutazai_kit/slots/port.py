"""Core's line for models: which model a role uses, and a slot to ask it in.

Core owns the line, so that all agents share a runtime by one rule. An agent asks for a slot,
streams from the runtime itself, and gives the slot back with what the call cost.
`sutazai_kit.asking` does all that; agents call it as `ctx.models`.
"""

from collections.abc import Callable
from typing import Protocol

from sutazai_contracts.slots import (
    CallReport,
    Chosen,
    Ending,
    Priority,
    Slot,
    SlotRequest,
    Wish,
)

__all__ = [
    "CallReport",
    "Chosen",
    "Ending",
    "OnPlace",
    "Priority",
    "Slot",
    "SlotRequest",
    "Slots",
    "Wish",
]

# Hears the place in line, from 1: the next to be served.
OnPlace = Callable[[int], None]


class Slots(Protocol):
    """Choose models and wait for a turn. Raises `Unavailable` where core does not answer."""

    async def choose(self, wish: Wish) -> Chosen | None:
        """Choose among the models that are present and able; None: there is none.

        No model is a supported state: the caller then does without.
        """

    async def acquire(self, request: SlotRequest, on_place: OnPlace) -> Slot:
        """Wait for a slot; a caller that is cancelled leaves the line.

        Args:
            request: who wants to ask which model.
            on_place: called in the event loop with the first place in line and with each change,
                not at all where a slot was free.

        Raises:
            LineFull: too many wait already; says when to come again.
            ModelUnavailable: the turn did not come before `deadline_s`.
        """

    async def renew(self, slot: Slot) -> bool:
        """Keep a slot for another lease; false: it was taken back and the call is to end."""

    def release(self, slot: Slot, report: CallReport) -> None:
        """Give a slot back with what its call cost; a second time changes nothing.

        Returns at once and never raises, so that it can be called wherever a call ends; where
        core is not reached, the slot's lease ends.
        """
