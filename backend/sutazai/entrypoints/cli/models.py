"""`sutazai models`: which language models are here, what they can do, who uses them."""

import asyncio
from typing import TYPE_CHECKING

import typer

from sutazai.entrypoints.cli.session import HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from rich.console import Console

    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.shapes import Model, ModelsState


def models(context: typer.Context, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Show the runtime in use, its models, which role uses which, and how to get better ones.

    [dim]Examples[/dim]

      sutazai models
      sutazai models --json
    """
    asyncio.run(_show(open_client(context, home), as_json=as_json))


async def _show(client: "ApiClient", *, as_json: bool) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json, say

    async with client:
        state = await client.models()
    if as_json:
        print_json(as_plain(state))
        return
    console = open_console()
    if state.runtime is not None:
        _say_runtime(console, state)
    if state.models:
        _print_models(console, state.models)
    if state.runtime is not None and state.state != "ready":
        say(console, "None of its models writes, so answers are extracts.")
    say(console, state.advice)


def _say_runtime(console: "Console", state: "ModelsState") -> None:
    from sutazai.entrypoints.cli.render import say

    runtime = state.runtime
    if runtime is None:
        return
    version = f" {runtime.version}" if runtime.version else ""
    leaves = " · prompts leave this machine" if runtime.hosted else ""
    say(console, (f"{runtime.provider}{version}", "bold"), f" at {runtime.place}{leaves}")


def _print_models(console: "Console", models: "tuple[Model, ...]") -> None:
    from sutazai.entrypoints.cli.render import print_table, size_text

    rows = [
        (
            model.name,
            _number(model.capabilities.context_tokens),
            " ".join(_abilities(model)),
            "" if model.size_bytes is None else size_text(model.size_bytes),
            " ".join(model.roles),
            _line(model),
        )
        for model in models
    ]
    print_table(
        console, ("MODEL", "CONTEXT", "CAN", "SIZE", "ROLES", "BUSY/WAITING"), rows, flexible=0
    )


def _abilities(model: "Model") -> list[str]:
    can = model.capabilities
    named = {
        "write": can.completion,
        "json": can.json_schema,
        "tools": can.tools,
        "embed": can.embeddings,
    }
    return [name for name, able in named.items() if able]


def _line(model: "Model") -> str:
    return "" if model.line is None else f"{model.line.busy}/{model.line.waiting}"


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
