"""`sutazai agents`: who is here, what they can do, how busy they are."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient


def agents(context: typer.Context, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """List the agents: what they can do, how busy they are, what they did.

    [dim]Examples[/dim]

      sutazai agents
      sutazai agents --json
    """
    asyncio.run(_list(open_client(context, home), as_json=as_json))


async def _list(client: "ApiClient", *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import (
        ago,
        as_plain,
        open_console,
        print_json,
        print_table,
        status_text,
    )

    async with client:
        found = [agent async for agent in client.agents()]
    if as_json:
        print_json({"items": [as_plain(agent) for agent in found]})
        return
    now = datetime.now(UTC)
    rows = [
        (
            agent.name,
            status_text(agent.status),
            f"{agent.busy}/{agent.slots}",
            str(agent.done),
            str(agent.failed),
            ago(agent.last_work_at, now),
            agent.description,
        )
        for agent in found
    ]
    headings = ("AGENT", "STATUS", "BUSY", "DONE", "FAILED", "LAST", "WHAT IT DOES")
    print_table(open_console(), headings, rows, flexible=6)
