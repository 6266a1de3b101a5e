"""`sutazai graph`: what documents name, and what joins it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from sutazai.entrypoints.cli.errors import CliError
from sutazai.entrypoints.cli.runs import RunArgument, full_id
from sutazai.entrypoints.cli.session import CollectionOption, HomeOption, JsonOption, open_client

if TYPE_CHECKING:
    from rich.console import Console

    from sutazai.entrypoints.cli.client import ApiClient
    from sutazai.entrypoints.cli.entities import Communities, Entities, Entity, Projection, Subgraph
    from sutazai.entrypoints.cli.shapes import Shape

Shown = TypeVar("Shown", bound="Shape")
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="How its name begins.", show_default=False)
]
LimitOption = Annotated[
    int, typer.Option("--limit", "-n", metavar="N", min=1, max=200, help="How many.")
]

_LOOK_EVERY_S = 0.5
graph = typer.Typer(
    help="See what documents name, and what joins it.\n\n[dim]Examples[/dim]\n\n"
    "  sutazai graph find halden\n  sutazai graph around 'Halden Works'\n"
    "  sutazai graph path 'Zephyr 9' Trondheim\n  sutazai graph rebuild",
    rich_markup_mode="rich",
    no_args_is_help=True,
)


@graph.command()
def find(
    context: typer.Context,
    name: NameArgument,
    collection: CollectionOption = "default",
    limit: LimitOption = 20,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Find names, terms, dates, files and the like by how they begin."""

    async def ask(client: "ApiClient") -> "Entities":
        return await client.entities(name, collection, limit)

    _show(open_client(context, home), ask, _entities, as_json=as_json)


@graph.command()
def around(
    context: typer.Context,
    name: NameArgument,
    hops: Annotated[int, typer.Option(metavar="N", min=1, max=3, help="How many links away.")] = 1,
    collection: CollectionOption = "default",
    limit: LimitOption = 20,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what is joined to something, the strongest first."""

    async def ask(client: "ApiClient") -> "Subgraph":
        entity = await _named(client, name, collection)
        return await client.neighbours(entity.id, collection, hops, limit)

    _show(open_client(context, home), ask, _links, as_json=as_json)


@graph.command()
def path(
    context: typer.Context,
    start: NameArgument,
    end: NameArgument,
    longest: Annotated[int, typer.Option(metavar="N", min=1, max=6, help="Most links.")] = 4,
    collection: CollectionOption = "default",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show a shortest way from one thing to another."""

    async def ask(client: "ApiClient") -> "Subgraph":
        first = await _named(client, start, collection)
        last = await _named(client, end, collection)
        return await client.path(first.id, last.id, collection, longest)

    _show(open_client(context, home), ask, _way, as_json=as_json)


@graph.command()
def groups(
    context: typer.Context,
    collection: CollectionOption = "default",
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, max=50, help="How many.")
    ] = 10,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what belongs together, the largest groups first."""

    async def ask(client: "ApiClient") -> "Communities":
        return await client.communities(collection, limit)

    _show(open_client(context, home), ask, _groups, as_json=as_json)


@graph.command()
def answer(
    context: typer.Context,
    run: RunArgument,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what the passages that an answer cites name, and what they say of it."""

    async def ask(client: "ApiClient") -> "Subgraph":
        return await client.answer_graph(await full_id(client, run))

    _show(open_client(context, home), ask, _links, as_json=as_json)


@graph.command()
def rebuild(
    context: typer.Context,
    collection: CollectionOption = "default",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Project a collection's facts into Neo4j anew, and wait until that is done.

    It goes on where this command is interrupted. Without Neo4j there is nothing to build: the
    facts themselves are asked.
    """

    async def ask(client: "ApiClient") -> "Projection":
        found = await client.projection(collection, anew=True)
        while found.projected and not found.whole:
            await asyncio.sleep(_LOOK_EVERY_S)
            found = await client.projection(collection)
        return found

    _show(open_client(context, home), ask, _projection, as_json=as_json)


def _show(
    client: "ApiClient",
    ask: "Callable[[ApiClient], Awaitable[Shown]]",
    show: "Callable[[Console, Shown], None]",
    *,
    as_json: bool,
) -> None:
    asyncio.run(_shown(client, ask, show, as_json=as_json))


async def _shown(
    client: "ApiClient",
    ask: "Callable[[ApiClient], Awaitable[Shown]]",
    show: "Callable[[Console, Shown], None]",
    *,
    as_json: bool,
) -> None:
    from sutazai.entrypoints.cli.render import as_plain, open_console, print_json

    async with client:
        found = await ask(client)
    if as_json:
        print_json(as_plain(found))
    else:
        show(open_console(), found)


async def _named(client: "ApiClient", name: str, collection: str) -> "Entity":
    """Give what is called so, or else what begins so and is named most."""
    found = (await client.entities(name, collection, 1)).entities
    if not found:
        raise CliError(
            f"Nothing in {collection} is called {name}.",
            remedy="`sutazai graph find` shows what begins like it; its first letters do.",
        )
    return found[0]


def _entities(console: "Console", found: "Entities") -> None:
    from sutazai.entrypoints.cli.render import plural, say

    if not found.entities:
        say(console, "Nothing begins so.")
    for entity in found.entities:
        say(
            console,
            (entity.name, "bold"),
            f"  {_word(entity.kind)}, ",
            plural(entity.chunks, "passage"),
        )


def _links(console: "Console", found: "Subgraph") -> None:
    from sutazai.entrypoints.cli.render import plural, say

    names = {entity.id: entity.name for entity in found.entities}
    if not found.links:
        say(console, "Nothing is joined to it.")
    for link in found.links:
        ends = (names[link.subject], "bold"), f" {_word(link.kind)} ", (names[link.object], "bold")
        say(console, *ends, f"  {plural(link.weight, 'passage')}")
    if found.cut:
        say(console, "There is more; --limit shows it.")


def _way(console: "Console", found: "Subgraph") -> None:
    from sutazai.entrypoints.cli.render import say

    if not found.entities:
        say(console, "No way is that short.")
        return
    parts: list[str | tuple[str, str]] = [(found.entities[0].name, "bold")]
    for link, entity in zip(found.links, found.entities[1:], strict=True):
        word = _word(link.kind)
        if link.kind == "together":
            arrow = f" – {word} – "
        else:
            arrow = f" → {word} → " if link.object == entity.id else f" ← {word} ← "
        parts += [arrow, (entity.name, "bold")]
    say(console, *parts)


def _projection(console: "Console", found: "Projection") -> None:
    from sutazai.entrypoints.cli.render import plural, say

    if found.projected:
        say(console, "Projected anew: ", plural(found.versions, "document"), ".")
    else:
        say(console, "There is nothing to build: the graph is asked of its facts themselves.")


def _groups(console: "Console", found: "Communities") -> None:
    from sutazai.entrypoints.cli.render import say

    if not found.communities:
        say(console, "Nothing belongs together yet.")
    for group in found.communities:
        names = ", ".join(entity.name for entity in group.entities)
        more = group.size - len(group.entities)
        say(console, (f"{group.size}  ", "bold"), names, f" and {more} more" if more else "")


def _word(kind: str) -> str:
    return kind.replace("_", " ")
