"""Exchanges and queues: what core declares, and how a queue is reached.

Only what RabbitMQ 3.13, 4.0 and 4.3 share is used. Every queue has an exchange that a right to
write can name: the default exchange would let an agent write to any queue.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loguru import logger
from pika.exceptions import ChannelClosedByBroker

from sutazai_contracts.queues import DEAD, OUTCOMES, task_queue
from sutazai_kit.bus.rabbitmq.connection import Channel, Connection

TASKS = "sutazai.tasks"
_PRECONDITION_FAILED = 406
# There is no word for "without limit" that all versions know.
_UNLIMITED = 1_000_000_000


@dataclass(frozen=True)
class Bounds:
    """How much the queues take; a queue that exists keeps the bounds it was made with.

    max_length: wake-ups that may wait for one agent, and outcomes that may wait for core.
    delivery_limit: how often a wake-up may come back before it goes to `dead`.
    outcome_delivery_limit: the same for an outcome, which is worth more: core may crash oftener.
    outcome_bytes: how much may wait for core.
    dead_length: the newest dead letters that are kept.
    """

    max_length: int = 10_000
    delivery_limit: int = 20
    outcome_delivery_limit: int = 100
    outcome_bytes: int = 512 * 1024 * 1024
    dead_length: int = 10_000


def exchange_of(queue: str) -> str:
    """Name the exchange that leads to a queue; the routing key is the queue's name."""
    if queue in (OUTCOMES, DEAD):
        return queue
    if queue.startswith(task_queue("")):
        return TASKS
    raise ValueError(f"there is no queue named {queue!r}")


def arguments(queue: str, bounds: Bounds) -> dict[str, Any]:
    """Give the arguments a queue is declared with.

    `dead` drops its oldest message and never refuses one: refusing would hold up the queue that
    the message comes from.
    """
    if queue == DEAD:
        return {
            "x-queue-type": "quorum",
            "x-max-length": bounds.dead_length,
            "x-overflow": "drop-head",
            "x-delivery-limit": _UNLIMITED,
        }
    bounded = {
        "x-queue-type": "quorum",
        "x-max-length": bounds.max_length,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": DEAD,
        "x-dead-letter-strategy": "at-least-once",
        "x-delivery-limit": bounds.delivery_limit,
    }
    if queue == OUTCOMES:
        bounded["x-delivery-limit"] = bounds.outcome_delivery_limit
        bounded["x-max-length-bytes"] = bounds.outcome_bytes
    return bounded


async def declare_all(connection: Connection, queues: Iterable[str], bounds: Bounds) -> None:
    """Declare the exchanges, `dead`, `core.outcomes` and these queues; what exists stays.

    Raises:
        AMQPError: the server refuses, or is gone.
    """
    # `dead` first: a queue that dead-letters to nothing would hold its dead letters back.
    for queue in (DEAD, OUTCOMES, *sorted(queues)):
        await declare(connection, queue, bounds)


async def declare(connection: Connection, queue: str, bounds: Bounds) -> None:
    """Declare one queue and its exchange.

    Raises:
        AMQPError: the server refuses, or is gone.
    """
    exchange = exchange_of(queue)
    channel = await Channel.open(connection)
    await channel.ask("exchange_declare", exchange=exchange, exchange_type="direct", durable=True)
    try:
        await channel.ask(
            "queue_declare", queue=queue, durable=True, arguments=arguments(queue, bounds)
        )
    except ChannelClosedByBroker as exc:
        if exc.reply_code != _PRECONDITION_FAILED:
            raise
        logger.error(
            "The queue {} was made with other bounds and keeps them until it is deleted: {}",
            queue,
            exc.reply_text,
        )
        channel = await Channel.open(connection)
    await channel.ask("queue_bind", queue=queue, exchange=exchange, routing_key=queue)
    await channel.close()
