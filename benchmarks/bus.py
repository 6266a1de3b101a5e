"""The bus on a RabbitMQ: confirms per second, time to delivery, CPU per message; ours alone.

    python -m benchmarks.bus --port 5672 --user core --password …

Queues are quorum queues, as in the product; publisher and consumer are two buses of this process,
as core and an agent are. The CPU is that of this process, both sides. Each figure is the median
over rounds.
"""

import argparse
import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

from sutazai_contracts.identifiers import new_id
from sutazai_contracts.queues import WakeUp
from sutazai_kit.bus.port import Bus
from sutazai_kit.bus.rabbitmq.bus import RabbitSettings, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.connection import Broker
from sutazai_kit.bus.rabbitmq.topology import Bounds

ONE_BY_ONE = 200
WINDOWED = 5000
CALLERS, PER_CALL = 50, 100
HOT = 300
PREFETCH = 100


@dataclass
class Bench:
    """Two buses and a queue."""

    core: Bus
    agent: Bus
    queue: str
    body: bytes

    async def one_by_one(self) -> float:
        """Publish, each after the confirm of the one before; gives messages per second."""
        begun = time.perf_counter()
        for _ in range(ONE_BY_ONE):
            await self.core.publish(self.queue, [self.body])
        rate = ONE_BY_ONE / (time.perf_counter() - begun)
        await self._consume(ONE_BY_ONE)
        return rate

    async def windowed(self) -> tuple[float, float, float, float]:
        """Publish by many callers at once, then consume; gives rates and CPU µs per message."""
        cpu, begun = time.process_time(), time.perf_counter()
        calls = (self.core.publish(self.queue, [self.body] * PER_CALL) for _ in range(CALLERS))
        await asyncio.gather(*calls)
        between, published = time.process_time(), time.perf_counter()
        await self._consume(WINDOWED)
        ended, consumed = time.process_time(), time.perf_counter()
        return (
            WINDOWED / (published - begun),
            (between - cpu) * 1e6 / WINDOWED,
            WINDOWED / (consumed - published),
            (ended - between) * 1e6 / WINDOWED,
        )

    async def hot(self) -> list[float]:
        """Publish one at a time to a consumer that waits; gives times to its delivery in ms."""
        taken: list[float] = []
        async with self.agent.consume(self.queue, prefetch=PREFETCH) as deliveries:
            for _ in range(HOT):
                asked = time.perf_counter()
                publishing = asyncio.create_task(self.core.publish(self.queue, [self.body]))
                delivery = await anext(deliveries)
                taken.append((time.perf_counter() - asked) * 1000)
                await delivery.ack()
                await publishing
        return sorted(taken)

    async def _consume(self, count: int) -> None:
        async with self.agent.consume(self.queue, prefetch=PREFETCH) as deliveries:
            for _ in range(count):
                await (await anext(deliveries)).ack()


async def measure(broker: Broker, rounds: int) -> dict[str, float]:
    """Measure in turns; gives the figures by name."""
    async with AsyncExitStack() as stack:
        settings = RabbitSettings(confirm_s=60)

        async def bus(name: str) -> Bus:
            opened = open_rabbit_bus(broker, name=name, declares=Bounds(), settings=settings)
            return await stack.enter_async_context(opened)

        body = WakeUp(id=new_id(), agent="bench").model_dump_json().encode()
        queue = f"tasks.bench_{uuid4().hex[:8]}"
        bench = Bench(await bus("bench core"), await bus("bench agent"), queue, body)
        await bench.one_by_one()  # makes the queue and warms up
        single: list[float] = []
        windowed: list[tuple[float, float, float, float]] = []
        hot: list[list[float]] = []
        for _ in range(rounds):
            single.append(await bench.one_by_one())
            windowed.append(await bench.windowed())
            hot.append(await bench.hot())
    columns = [statistics.median(column) for column in zip(*windowed, strict=True)]
    return {
        "confirms_one_by_one_per_s": statistics.median(single),
        "confirms_windowed_per_s": columns[0],
        "publish_cpu_us": columns[1],
        "consumed_per_s": columns[2],
        "consume_cpu_us": columns[3],
        "publish_to_delivered_p50_ms": statistics.median(r[len(r) // 2] for r in hot),
        "publish_to_delivered_p99_ms": statistics.median(r[int(len(r) * 0.99)] for r in hot),
    }


def main() -> None:
    """Measure the RabbitMQ named by the options and print the figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.bus")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5672)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    broker = Broker(options.host, options.port, options.user, options.password)
    for name, value in asyncio.run(measure(broker, options.rounds)).items():
        print(f"  {name:32} {value:12,.2f}")


if __name__ == "__main__":
    main()
