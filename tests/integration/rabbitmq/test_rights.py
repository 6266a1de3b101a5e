"""Who may do what on the real server: an agent reads its own queue, writes outcomes, no more."""

import subprocess
from collections.abc import Callable
from uuid import uuid4

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ProbableAuthenticationError

from sutazai_contracts.errors import BusUnavailable
from sutazai_contracts.queues import DEAD, OUTCOMES, task_queue
from sutazai_kit.bus.rabbitmq.bus import RabbitBus, RabbitSettings, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.topology import TASKS
from tests.integration.rabbitmq.waiting import take
from tests.support.rabbitmq import AGENTS, RabbitServer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]  # a server starts first

MINE, OTHER = (task_queue(name) for name in AGENTS)
QUICK = RabbitSettings(confirm_s=3, backoff_cap_s=0.5)
FORBIDDEN: dict[str, Callable[[BlockingChannel], object]] = {
    "read another's queue": lambda channel: channel.basic_get(OTHER),
    "consume another's queue": lambda channel: channel.basic_consume(OTHER, print),
    "empty another's queue": lambda channel: channel.queue_purge(OTHER),
    "read outcomes": lambda channel: channel.basic_get(OUTCOMES),
    "read dead letters": lambda channel: channel.basic_get(DEAD),
    "wake another": lambda channel: channel.basic_publish(TASKS, OTHER, b"x", mandatory=True),
    "wake itself": lambda channel: channel.basic_publish(TASKS, MINE, b"x", mandatory=True),
    "write past the exchanges": lambda channel: channel.basic_publish("", OTHER, b"x"),
    "write dead letters": lambda channel: channel.basic_publish(DEAD, DEAD, b"x"),
    "declare a queue": lambda channel: channel.queue_declare(f"tasks.{uuid4().hex}"),
    "declare its own queue": lambda channel: channel.queue_declare(
        MINE, durable=True, arguments={"x-queue-type": "quorum"}
    ),
    "delete its own queue": lambda channel: channel.queue_delete(MINE),
    "declare an exchange": lambda channel: channel.exchange_declare(f"x.{uuid4().hex}"),
    "bind its queue to outcomes": lambda channel: channel.queue_bind(MINE, OUTCOMES, OUTCOMES),
    "delete an exchange": lambda channel: channel.exchange_delete(OUTCOMES),
}


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_an_agent_may_not(rabbitmq: RabbitServer, core: RabbitBus, what: str) -> None:
    await core.declare(AGENTS)
    with rabbitmq.channel(rabbitmq.agent("writer")) as channel:
        channel.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker) as refused:
            FORBIDDEN[what](channel)
    assert refused.value.reply_code == 403


async def test_an_agent_reads_its_queue_and_writes_outcomes(
    rabbitmq: RabbitServer, core: RabbitBus
) -> None:
    await core.declare(AGENTS)
    body = uuid4().bytes
    async with (
        open_rabbit_bus(rabbitmq.agent("writer"), name="writer") as bus,
        bus.consume(MINE, prefetch=5) as wake_ups,
        core.consume(OUTCOMES, prefetch=5) as outcomes,
    ):
        await core.publish(MINE, [body])
        [wake_up] = await take(wake_ups)
        assert wake_up.body == body
        await wake_up.ack()
        await bus.publish(OUTCOMES, [body])
        [outcome] = await take(outcomes)
        assert outcome.body == body
        await outcome.ack()


async def test_a_forbidden_publish_fails_and_the_next_one_does_not(
    rabbitmq: RabbitServer, core: RabbitBus
) -> None:
    await core.declare(AGENTS)
    async with (
        open_rabbit_bus(rabbitmq.agent("writer"), name="writer") as bus,
        core.consume(OUTCOMES, prefetch=5) as outcomes,
    ):
        with pytest.raises(BusUnavailable, match="ACCESS_REFUSED"):
            await bus.publish(OTHER, [b"wake up"])
        await bus.publish(OUTCOMES, [b"done"])
        [outcome] = await take(outcomes)
        assert outcome.body == b"done"
        await outcome.ack()


async def test_a_wrong_password_is_said(rabbitmq: RabbitServer) -> None:
    wrong = rabbitmq.agent("writer", password="guess")
    with (
        pytest.raises(ProbableAuthenticationError),
        rabbitmq.channel(wrong),
    ):
        pass
    async with open_rabbit_bus(wrong, name="writer", settings=QUICK) as bus:
        with pytest.raises(BusUnavailable, match="refuses the user or the password"):
            await bus.publish(OUTCOMES, [b"done"])


async def test_nobody_else_may_log_in(rabbitmq: RabbitServer) -> None:
    with pytest.raises(subprocess.CalledProcessError, match="authenticate_user"):
        rabbitmq.ctl("authenticate_user", "guest", "guest")
