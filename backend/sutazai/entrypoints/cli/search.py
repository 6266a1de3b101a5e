"""`sutazai search`: passages of a collection, without a run and without a model."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.session import (
    CollectionOption,
    GraphOption,
    HomeOption,
    JsonOption,
    open_client,
)

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.client import ApiClient


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to look for.", show_default=False)
    ],
    collection: CollectionOption = "default",
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, max=100, help="How many.")
    ] = 5,
    graph: GraphOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Find passages by meaning and by words, best first.

    [dim]Examples[/dim]

      sutazai search "retries and delays"
      sutazai search -c handbook -n 10 backups
      sutazai search --graph "In which town is the maker of the Zephyr 9?"
    """
    client = open_client(context, home)
    asyncio.run(_search(client, query, collection, limit, graph=graph, as_json=as_json))


async def _search(
    client: "ApiClient", query: str, collection: str, limit: int, *, graph: bool, as_json: bool
) -> None:
    from sutazai.entrypoints.cli.render import as_plain, one_line, open_console, print_json, say

    async with client:
        found = await client.search(query, collection, limit, graph=graph)
    if as_json:
        print_json(as_plain(found))
        return
    console = open_console()
    if not found.hits:
        say(console, f"Nothing is found in {collection}.")
    for number, hit in enumerate(found.hits, 1):
        place = " › ".join((hit.document.name, *hit.heading_path))
        how = "  by the graph" if hit.by_graph else ""
        span = f"  {hit.start}-{hit.end}"
        say(console, (f"{number}. ", "bold"), (place, "bold"), span, (how, "dim"))
        say(console, one_line(hit.text, 300), indent=3)
