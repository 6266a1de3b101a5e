"""Consumers outlive what happens to connections, queues and the server; nothing is lost."""

import asyncio
import time
from dataclasses import replace
from uuid import uuid4

import pika
import pytest
from pika.exceptions import AMQPError

from sutazai_contracts.errors import BusUnavailable
from sutazai_contracts.queues import DEAD, task_queue
from sutazai_kit.bus.rabbitmq.bus import RabbitBus, RabbitSettings, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.topology import Bounds
from tests.integration.rabbitmq.proxy import open_proxy
from tests.integration.rabbitmq.waiting import take, until
from tests.support.rabbitmq import RabbitServer, rabbit_server

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]  # a server starts first
QUICK = RabbitSettings(confirm_s=10, backoff_cap_s=0.5)


def dead(rabbitmq: RabbitServer) -> dict[bytes, pika.BasicProperties]:
    """Take the dead letters, by body."""
    return {body: properties for properties, body in rabbitmq.drain(DEAD)}


async def test_a_consumer_outlives_its_connection(rabbitmq: RabbitServer, queue: str) -> None:
    async with (
        open_proxy(rabbitmq.core.port) as proxy,
        open_rabbit_bus(
            proxy.before(rabbitmq.core), name="cut", declares=Bounds(), settings=QUICK
        ) as bus,
        bus.consume(queue, prefetch=3) as deliveries,
    ):
        await bus.publish(queue, [b"1", b"2", b"3", b"4"])
        first, second, third = await take(deliveries, 3)
        await first.ack()
        await take(deliveries)  # there is room for it only once the server heard of that
        proxy.cut()
        again = await take(deliveries, 3)
        assert sorted(bytes(d.body) for d in again) == [b"2", b"3", b"4"]
        assert all(delivery.redelivered for delivery in again)
        await second.ack()  # of the connection that is gone
        await third.reject()
        await again[0].ack()
        await bus.publish(queue, [b"5"])
        assert [d.body for d in await take(deliveries)] == [b"5"]
        left = sorted(bytes(d.body) for d in again[1:])
    assert sorted(body for _, body in rabbitmq.drain(queue)) == [*left, b"5"]


async def test_a_consumer_waits_for_its_queue_and_comes_back_to_it(
    rabbitmq: RabbitServer, core: RabbitBus
) -> None:
    queue = task_queue("coder")
    await core.declare([])
    with rabbitmq.channel() as channel:
        channel.queue_delete(queue)
    async with (
        open_rabbit_bus(rabbitmq.agent("coder"), name="coder", settings=QUICK) as bus,
        bus.consume(queue, prefetch=1) as deliveries,
    ):
        for body in (b"made late", b"made again"):
            waiting = asyncio.create_task(take(deliveries))
            await core.declare(["coder"])
            await core.publish(queue, [body])
            [delivery] = await waiting
            assert delivery.body == body
            await delivery.ack()
            rabbitmq.ctl("delete_queue", queue)


async def test_the_event_loop_may_be_busy_for_longer_than_the_heartbeat(
    rabbitmq: RabbitServer, queue: str
) -> None:
    heartbeat_s, busy_s = 1, 9
    broker = replace(rabbitmq.core, heartbeat_s=heartbeat_s)
    stalled = pika.BlockingConnection(
        pika.ConnectionParameters(
            broker.host,
            broker.port,
            credentials=pika.PlainCredentials(broker.user, broker.password),
            heartbeat=heartbeat_s,
        )
    )
    async with (
        open_rabbit_bus(broker, name="busy", declares=Bounds(), settings=QUICK) as bus,
        bus.consume(queue, prefetch=2) as deliveries,
    ):
        await bus.publish(queue, [b"held", b"after"])
        [held] = await take(deliveries)
        time.sleep(busy_s)  # noqa: ASYNC251  (this is what is tested)
        [after] = await take(deliveries)
        assert not after.redelivered
        await held.ack()
        await after.ack()
        await bus.publish(queue, [b"more"])
        [more] = await take(deliveries)
        assert (more.body, more.redelivered) == (b"more", False)
        await more.ack()
    # So long a pause is enough: a connection that nobody looks after is gone.
    with pytest.raises(AMQPError):
        stalled.channel()


async def test_wake_ups_held_past_the_servers_time_out_come_again_and_do_not_die(
    rabbitmq: RabbitServer, queue: str
) -> None:
    body = uuid4().bytes
    dead(rabbitmq)
    try:
        _set(rabbitmq, consumer_timeout=1500, channel_tick_interval=500)
        async with (
            open_rabbit_bus(rabbitmq.core, name="holds", declares=Bounds(), settings=QUICK) as bus,
            bus.consume(queue, prefetch=2) as deliveries,
        ):
            await bus.publish(queue, [body])
            held = await take(deliveries)
            for _ in range(2):  # as long as core is away the runner holds what it has
                held += await take(deliveries)
            assert [d.redelivered for d in held] == [False, True, True]
            for delivery in held:
                await delivery.ack()
    finally:
        _set(rabbitmq, consumer_timeout=1_800_000, channel_tick_interval=60_000)
    assert rabbitmq.drain(queue) == []
    assert body not in dead(rabbitmq)


async def test_a_message_that_crashes_its_consumers_is_dead_and_counted(
    rabbitmq: RabbitServer, queue: str
) -> None:
    body = uuid4().bytes
    async with (
        open_proxy(rabbitmq.core.port) as proxy,
        open_rabbit_bus(
            proxy.before(rabbitmq.core),
            name="crashes",
            declares=Bounds(delivery_limit=3),
            settings=QUICK,
        ) as bus,
        bus.consume(queue, prefetch=1) as deliveries,
    ):
        await bus.publish(queue, [body])
        for _ in range(4):
            assert [d.body for d in await take(deliveries)] == [body]
            proxy.cut()
        await bus.publish(queue, [b"next"])
        [after] = await take(deliveries)
        assert after.body == b"next"
        await after.ack()
    found: dict[bytes, pika.BasicProperties] = {}

    def it_is_dead() -> bool:
        found.update(dead(rabbitmq))
        return body in found

    await until(it_is_dead)
    [death] = (found[body].headers or {})["x-death"]
    assert (death["queue"], death["reason"], death["count"]) == (queue, "delivery_limit", 1)


async def test_a_queue_with_other_bounds_is_used_as_it_is(
    rabbitmq: RabbitServer, core: RabbitBus, queue: str
) -> None:
    await core.publish(queue, [b"x"])
    async with (
        open_rabbit_bus(
            rabbitmq.core, name="other", declares=Bounds(max_length=7), settings=QUICK
        ) as bus,
        bus.consume(queue, prefetch=1) as deliveries,
    ):
        [delivery] = await take(deliveries)
        await delivery.ack()
        await bus.publish(queue, [b"y"])
        assert [d.body for d in await take(deliveries)] == [b"y"]


async def test_a_server_that_is_killed_and_comes_back(queue: str) -> None:
    with rabbit_server() as rabbitmq:
        async with (
            open_proxy(rabbitmq.core.port) as proxy,
            open_rabbit_bus(
                proxy.before(rabbitmq.core),
                name="killed",
                declares=Bounds(),
                settings=replace(QUICK, confirm_s=2),
            ) as bus,
            bus.consume(queue, prefetch=10) as deliveries,
        ):
            await bus.publish(queue, [b"kept", b"in hand"])
            kept, in_hand = await take(deliveries, 2)
            # What was declared a moment ago is only in the server's memory; messages are on disk.
            rabbitmq.ctl("eval", "mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].")
            running = rabbitmq.server.running.get_wrapped_container()
            running.kill()
            with pytest.raises(BusUnavailable):
                await bus.publish(queue, [b"while away"])
            await kept.ack()  # nobody is there to hear it
            running.start()
            running.reload()
            bindings = running.attrs["NetworkSettings"]["Ports"]["5672/tcp"]
            proxy.target = int(bindings[0]["HostPort"])
            again = await take(deliveries, 2, within_s=90)
            assert sorted(bytes(d.body) for d in again) == [b"in hand", b"kept"]
            assert all(delivery.redelivered for delivery in again)
            await in_hand.ack()
            for delivery in again:
                await delivery.ack()
            await bus.publish(queue, [b"after"])
            assert [d.body for d in await take(deliveries)] == [b"after"]


def _set(rabbitmq: RabbitServer, **settings: int) -> None:
    for name, value in settings.items():
        rabbitmq.ctl("eval", f"application:set_env(rabbit, {name}, {value}).")
