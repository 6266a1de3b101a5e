"""`sutazai stack relay`."""

import asyncio

from sutazai.bootstrap.background import background
from sutazai.bootstrap.stack.relay import open_relay
from sutazai.entrypoints.stack.answering import answering
from sutazai.entrypoints.stack.pages import create_process_app
from sutazai.entrypoints.stack.process import Readiness, listen_on
from sutazai.stack_settings import StackSettings


async def relay(stack: StackSettings, asked: asyncio.Event) -> None:
    """Publish wake-ups until asked to stop."""
    with listen_on(stack.agent.port) as listener:
        async with open_relay(stack) as opened:
            ready = Readiness(opened.check)
            app = create_process_app(opened.metrics, ready)
            async with background(readiness=ready.run()), answering(app, listener):
                await asked.wait()
