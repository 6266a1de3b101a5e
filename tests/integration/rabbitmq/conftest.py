"""The server, and a bus of core's on it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from sutazai_kit.bus.rabbitmq.bus import RabbitBus, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.topology import Bounds
from tests.support.rabbitmq import RabbitServer, rabbitmq

__all__ = ["rabbitmq"]


@pytest.fixture
async def core(rabbitmq: RabbitServer) -> AsyncIterator[RabbitBus]:
    """Open a bus as core does."""
    async with open_rabbit_bus(rabbitmq.core, name="core", declares=Bounds()) as bus:
        yield bus


@pytest.fixture
def queue() -> str:
    """Name a queue that no other test uses."""
    return f"tasks.test_{uuid4().hex[:12]}"
