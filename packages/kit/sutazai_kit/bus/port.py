"""The bus: named queues of small messages, at least once, bounded."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Delivery(Protocol):
    """One message in hand; it comes again unless it is settled."""

    body: bytes
    redelivered: bool

    async def ack(self) -> None:
        """Settle it: done, or nothing to do."""

    async def reject(self) -> None:
        """Send it to the dead-letter queue: only for what does not parse."""


class Bus(Protocol):
    """Carry messages between core and agents.

    A message may come twice and out of order; one that was confirmed is not lost while the bus
    lives. What must survive everything is in the ledger.
    """

    async def publish(self, queue: str, bodies: Sequence[bytes]) -> None:
        """Publish and return once every message is confirmed.

        Raises:
            QueueFull: the queue is at its bound; some messages may have been taken.
            BusUnavailable: the bus does not answer.
        """

    def consume(
        self, queue: str, *, prefetch: int
    ) -> AbstractAsyncContextManager[AsyncIterator[Delivery]]:
        """Open a consumer with at most `prefetch` unsettled deliveries.

        Leaving the context gives unsettled deliveries back to the queue. A message given back more
        than the delivery limit goes to the dead-letter queue.
        """

    async def aclose(self) -> None:
        """Stop; consumers end."""
