"""What is confirmed is there, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain
from uuid import uuid4

import pytest

from sutazai_contracts.errors import BusUnavailable, QueueFull, TooLarge
from sutazai_contracts.queues import OUTCOMES
from sutazai_kit.bus.rabbitmq.bus import RabbitBus, RabbitSettings, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.publisher import MAX_BODY
from sutazai_kit.bus.rabbitmq.topology import Bounds
from tests.integration.rabbitmq.proxy import Proxy, open_proxy
from tests.integration.rabbitmq.waiting import take, until
from tests.support.rabbitmq import RabbitServer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]  # a server starts first


@pytest.fixture
async def proxy(rabbitmq: RabbitServer) -> AsyncIterator[Proxy]:
    async with open_proxy(rabbitmq.core.port) as proxy:
        yield proxy


@pytest.fixture
async def behind(rabbitmq: RabbitServer, proxy: Proxy) -> AsyncIterator[RabbitBus]:
    """A bus of core's whose connections lead through the proxy."""
    settings = RabbitSettings(confirm_s=15, window=200, backoff_cap_s=0.5)
    async with open_rabbit_bus(
        proxy.before(rabbitmq.core), name="behind", declares=Bounds(), settings=settings
    ) as bus:
        yield bus


async def test_a_confirm_lost_after_the_message_was_taken(
    rabbitmq: RabbitServer, behind: RabbitBus, proxy: Proxy, queue: str
) -> None:
    await behind.publish(queue, [b"first"])
    rabbitmq.drain(queue)
    proxy.mute = True
    publishing = asyncio.create_task(behind.publish(queue, [b"once"]))
    await until(lambda: rabbitmq.count(queue) == 1 and proxy.swallowed)
    assert not publishing.done()
    proxy.mute = False
    proxy.cut()
    await publishing
    messages = rabbitmq.drain(queue)
    assert [body for _, body in messages] == [b"once", b"once"]
    assert len({properties.message_id for properties, _ in messages}) == 1


async def test_connections_cut_in_the_window_lose_nothing(
    rabbitmq: RabbitServer, behind: RabbitBus, proxy: Proxy, queue: str
) -> None:
    await behind.publish(queue, [b"first"])
    sent = [b"%d" % number for number in range(3000)]
    proxy.passed, proxy.cuts = 0, [60_000, 60_000, 60_000]
    await behind.publish(queue, sent)
    assert not proxy.cuts
    assert proxy.accepted == 4
    messages = rabbitmq.drain(queue)
    assert {body for _, body in messages} == {b"first", *sent}
    # Only what was in the window came twice, under its own id.
    assert len(messages) <= len(sent) + 1 + 3 * 200
    assert len({properties.message_id for properties, _ in messages}) == len(sent) + 1


async def test_a_full_queue_refuses_and_takes_again(rabbitmq: RabbitServer, queue: str) -> None:
    async with open_rabbit_bus(rabbitmq.core, name="small", declares=Bounds(max_length=10)) as bus:
        await bus.publish(queue, [b"x"] * 10)
        with pytest.raises(QueueFull, match=queue):
            await _ten_times(bus, queue)
        await bus.publish(queue + "_other", [b"y"])
        rabbitmq.drain(queue)
        async with asyncio.timeout(10):
            while True:
                try:
                    await bus.publish(queue, [b"z"])
                except QueueFull:
                    continue
                break


async def test_no_queue_is_an_error_until_there_is_one(
    rabbitmq: RabbitServer, core: RabbitBus
) -> None:
    await core.declare([])
    async with open_rabbit_bus(rabbitmq.agent("writer"), name="writer") as writer:
        rabbitmq.ctl("delete_queue", OUTCOMES)
        with pytest.raises(BusUnavailable, match=r"no queue core\.outcomes"):
            await writer.publish(OUTCOMES, [b"a", b"b"])
        async with core.consume(OUTCOMES, prefetch=5) as outcomes:
            async with asyncio.timeout(10):
                while True:
                    try:
                        await writer.publish(OUTCOMES, [b"c"])
                    except BusUnavailable:
                        continue
                    break
            [outcome] = await take(outcomes)
            assert outcome.body == b"c"
            await outcome.ack()


async def test_a_broker_that_is_low_on_disk_takes_nothing_and_still_gives(
    rabbitmq: RabbitServer, queue: str
) -> None:
    settings = RabbitSettings(confirm_s=1.5)
    async with open_rabbit_bus(
        rabbitmq.core, name="low", declares=Bounds(), settings=settings
    ) as bus:
        await bus.publish(queue, [b"before"])
        assert bus.problem == ""
        rabbitmq.ctl("set_disk_free_limit", "1000000GB")
        try:
            with pytest.raises(BusUnavailable, match="low on disk"):
                await bus.publish(queue, [b"sent before the server said so"])
            with pytest.raises(BusUnavailable, match="low on disk"):
                await bus.publish(queue, [b"not sent"])
            assert "low on disk" in bus.problem
            async with bus.consume(queue, prefetch=1) as deliveries:
                [delivery] = await take(deliveries)
                assert delivery.body == b"before"
                await delivery.ack()
            patient = asyncio.create_task(_publish_at_last(bus, queue, b"patient"))
        finally:
            rabbitmq.ctl("set_disk_free_limit", "50MB")
        await patient
        assert bus.problem == ""
        assert [body for _, body in rabbitmq.drain(queue)][-1] == b"patient"


async def test_a_server_that_says_nothing_more_is_given_up(
    rabbitmq: RabbitServer, behind: RabbitBus, proxy: Proxy, queue: str
) -> None:
    await behind.publish(queue, [b"x"])
    proxy.mute = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await behind.publish(queue, [b"nobody waits for this one"])
    proxy.mute = False
    proxy.cut()
    await behind.publish(queue, [b"y"])
    # What its caller gave up is not sent again.
    bodies = [body for _, body in rabbitmq.drain(queue)]
    assert sorted(set(bodies) - {b"nobody waits for this one"}) == [b"x", b"y"]
    assert bodies.count(b"nobody waits for this one") <= 1


async def test_large_messages(core: RabbitBus, queue: str) -> None:
    large = uuid4().bytes * (MAX_BODY // 16)
    await core.publish(queue, [large, b"small", large])
    async with core.consume(queue, prefetch=3) as deliveries:
        taken = await take(deliveries, 3)
        assert [delivery.body for delivery in taken] == [large, b"small", large]
        for delivery in taken:
            await delivery.ack()
    with pytest.raises(TooLarge):
        await core.publish(queue, [b"x", large + b"x"])


async def test_many_publishers_at_once_wait_for_the_window(
    rabbitmq: RabbitServer, queue: str
) -> None:
    settings = RabbitSettings(confirm_s=20, window=10)
    async with open_rabbit_bus(
        rabbitmq.core, name="narrow", declares=Bounds(), settings=settings
    ) as bus:
        calls = [[b"%d-%d" % (call, number) for number in range(30)] for call in range(20)]
        await bus.publish(queue, [b"the queue is made for this one"])
        rabbitmq.drain(queue)
        await asyncio.gather(*(bus.publish(queue, call) for call in calls))
    assert sorted(body for _, body in rabbitmq.drain(queue)) == sorted(chain(*calls))


async def test_a_bus_without_a_server_says_so(rabbitmq: RabbitServer) -> None:
    async with open_proxy(rabbitmq.core.port) as proxy:
        proxy.refuse = True
        settings = RabbitSettings(confirm_s=1, backoff_cap_s=0.2)
        async with open_rabbit_bus(
            proxy.before(rabbitmq.core), name="early", declares=Bounds(), settings=settings
        ) as bus:
            with pytest.raises(BusUnavailable, match="does not answer"):
                await bus.publish(OUTCOMES, [b"x"])
            with pytest.raises(BusUnavailable, match="does not answer"):
                await bus.declare(["writer"])
            proxy.refuse = False
            await bus.declare(["writer"])
            assert bus.problem == ""


async def _ten_times(bus: RabbitBus, queue: str) -> None:
    for _ in range(10):
        await bus.publish(queue, [b"x"] * 10)


async def _publish_at_last(bus: RabbitBus, queue: str, body: bytes) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await bus.publish(queue, [body])
            except BusUnavailable:
                continue
            return
