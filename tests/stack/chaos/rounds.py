"""One round of the matrix: work is accepted and held back, one part is harmed, all is counted."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import psycopg

from tests.faults.facts import read_records
from tests.faults.load import Load
from tests.stack.chaos.effects import AGENT, effects_of
from tests.stack.chaos.harm import harm
from tests.stack.chaos.verdict import Verdict, judge
from tests.stack.product import Product
from tests.stack.running import eventually

# The agents that work begins with: they stand still until all of it is accepted.
FIRST = ("librarian", "researcher", AGENT)
# Of all pieces of work, documents and questions, so that every part has some; the rest are runs of
# the agent whose effects are counted, which cost least.
DOCUMENTS, QUESTIONS = 0.1, 0.2
# While work is let go and before the harm is done some ends, questions above all: so many more are
# sent.
MORE = 1.35
WELL_S = 600.0
DONE_S = 300.0
DONE_EACH_S = 1.0


@dataclass(frozen=True)
class Round:
    """What a round measured.

    unfinished: accepted tasks that were not done when the harm was done.
    well_s: from then until every part was well again and every agent there.
    done_s: until all that was accepted was done.
    """

    victim: str
    unfinished: int
    verdict: Verdict
    well_s: float
    done_s: float


async def play(product: Product, load: Load, victim: str, tasks: int) -> Round:
    """Play a round; `tasks` is the least number of accepted, unfinished ones at the harm."""
    eventually(product.well, within_s=WELL_S)
    accepted = await _accepted(product, load, int(tasks * MORE) + 5)
    with records_of(product) as connection:
        left = unfinished(connection, accepted)
    begun = time.monotonic()
    harm(product, victim)
    eventually(product.well, within_s=WELL_S, every_s=0.5)
    well_s = time.monotonic() - begun
    within_s = DONE_S + tasks * DONE_EACH_S
    eventually(lambda: _all_done(product, accepted), within_s=within_s, every_s=1)
    done_s = time.monotonic() - begun
    with records_of(product) as connection:
        records = read_records(connection)
    effected = load.submitted.effects & set(accepted.values())
    verdict = judge(records, accepted, effected, effects_of(product.stack))
    return Round(victim, left, verdict, well_s, done_s)


async def _accepted(product: Product, load: Load, number: int) -> dict[str, UUID]:
    """Send work while the first agents stand still, then let them go; gives what was accepted."""
    uploads, answers = int(number * DOCUMENTS), int(number * QUESTIONS)
    pieces = load.pieces(answers=answers, effects=number - uploads - answers, uploads=uploads)
    product.stack.compose("pause", *FIRST)
    try:
        key = {"Authorization": f"Bearer {product.stack.api_key}"}
        async with httpx2.AsyncClient(
            base_url=product.stack.gateway, headers=key, timeout=60
        ) as client:
            await load.submit(client, pieces)
    finally:
        product.stack.compose("unpause", *FIRST)
    known = load.submitted.runs | load.submitted.uploads
    return {piece.name: known[piece.name] for piece in pieces}


def records_of(product: Product) -> "psycopg.Connection[tuple[Any, ...]]":
    """Connect to PostgreSQL past everything, as its superuser, at its container's address."""
    networks = product.stack.containers()["postgres"]["NetworkSettings"]["Networks"]
    [address] = [network["IPAddress"] for network in networks.values()]
    connection = psycopg.connect(
        host=address,
        dbname="sutazai",
        user="postgres",
        password=product.stack.secret("database_admin_password"),
        autocommit=True,
        connect_timeout=5,
    )
    connection.execute("SET search_path = sutazai")
    return connection


def unfinished(
    connection: "psycopg.Connection[tuple[Any, ...]]", accepted: Mapping[str, UUID]
) -> int:
    """Count the runs of these that have not ended."""
    row = connection.execute(
        "SELECT count(*) FROM runs WHERE id = ANY(%s)"
        " AND status NOT IN ('succeeded', 'failed', 'cancelled')",
        [list(accepted.values())],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _all_done(product: Product, accepted: Mapping[str, UUID]) -> bool:
    with records_of(product) as connection:
        return unfinished(connection, accepted) == 0
