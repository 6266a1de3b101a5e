"""Metrics of the real lines, and of calls as they end."""

import asyncio
from uuid import uuid4

from prometheus_client import CollectorRegistry

from sutazai.bootstrap.model_metrics import ModelMetrics
from sutazai.core.models.lines import Lines
from sutazai_contracts.models import Usage
from sutazai_kit.slots.port import CallReport, Ending, SlotRequest

OF = {"provider": "ollama", "model": "tinyllama"}


def request() -> SlotRequest:
    return SlotRequest(
        tenant=uuid4(),
        run=uuid4(),
        task=uuid4(),
        token=uuid4(),
        agent="writer",
        provider="ollama",
        model="tinyllama",
        priority="interactive",
    )


def report(ending: Ending, first_token_s: float | None, cost: float | None = None) -> CallReport:
    usage = Usage(
        prompt_tokens=100,
        completion_tokens=20,
        first_token_s=first_token_s,
        total_s=1.5,
        cost=cost,
    )
    return CallReport(ending=ending, usage=usage)


async def test_lines_and_calls_are_measured_by_model() -> None:
    registry = CollectorRegistry()
    metrics = ModelMetrics(registry)
    lines = Lines(on_end=metrics.ended)
    metrics.watch(lines)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"sutazai_model_{name}", {**OF, **labels})

    first = await lines.acquire(request(), lambda place: None)
    second = asyncio.create_task(lines.acquire(request(), lambda place: None))
    await asyncio.sleep(0)
    assert (value("busy"), value("waiting")) == (1, 1)
    assert value("calls_total", ending="stop") is None
    lines.release(first.id, report("stop", 0.3, cost=0.5))
    lines.release((await second).id, report("failed", None))
    assert (value("busy"), value("waiting")) == (0, 0)
    assert value("calls_total", ending="stop") == 1
    assert value("calls_total", ending="failed") == 1
    assert value("tokens_total", kind="prompt") == 200
    assert value("tokens_total", kind="completion") == 40
    assert value("call_seconds_total") == 3
    assert value("cost_total") == 0.5
    assert value("wait_seconds_count") == 2
    assert value("first_token_seconds_count") == 1
    assert value("first_token_seconds_bucket", le="0.25") == 0
    assert value("first_token_seconds_bucket", le="0.5") == 1


async def test_who_asks_makes_no_metric_of_its_own() -> None:
    registry = CollectorRegistry()
    metrics = ModelMetrics(registry)
    lines = Lines(on_end=metrics.ended)
    metrics.watch(lines)

    async def call() -> int:
        slot = await lines.acquire(request(), lambda place: None)
        lines.release(slot.id, report("stop", 0.1))
        return sum(len(family.samples) for family in registry.collect())

    assert await call() == await call()
