"""`sutazai stack agent NAME...`."""

import asyncio
from collections.abc import Sequence

from sutazai.bootstrap.background import background
from sutazai.bootstrap.stack.agents import known_in_consul, open_agents
from sutazai.entrypoints.stack.answering import answering
from sutazai.entrypoints.stack.pages import create_agent_app
from sutazai.entrypoints.stack.process import Readiness, listen_on
from sutazai.stack_settings import StackSettings


async def agent(stack: StackSettings, names: Sequence[str], asked: asyncio.Event) -> None:
    """Work until asked to stop; then finish, or hand back, what is under way."""
    with listen_on(stack.agent.port) as listener:
        port = listener.getsockname()[1]
        async with open_agents(stack, names) as agents:
            ready = Readiness(agents.check)
            app = create_agent_app(agents.workers, agents.metrics, ready)
            async with (
                background(readiness=ready.run()),
                answering(app, listener),
                known_in_consul(stack, agents, port),
            ):
                await asked.wait()
