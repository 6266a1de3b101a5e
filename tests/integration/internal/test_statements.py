"""What a call of an agent costs in the database: no more than the same call in process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sutazai_contracts.frames import Frame
from sutazai_contracts.joining import Joined
from sutazai_contracts.tasks import Beat
from sutazai_kit.files.http import HttpFiles
from sutazai_kit.joining.http import HttpJoining
from sutazai_kit.ledger.http import HttpLedger
from sutazai_kit.live.http import HttpLive
from sutazai_kit.slots.http import HttpSlots
from tests.contract.files.suite import stream
from tests.integration.api.counting import Sent, Statement, count, note_statements, shortened
from tests.integration.internal.serving import Served, served
from tests.integration.internal.test_rights import REPORT, nobody, wanted
from tests.integration.ledger.conftest import ONE, Ledger, ledger, outcome  # noqa: F401
from tests.support.database import TestDatabase


@pytest.fixture(autouse=True)
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Hear all connections that are opened after this."""
    noted: list[Statement] = []
    note_statements(monkeypatch, noted)
    return noted


@pytest.fixture
async def core(
    statements: list[Statement], database: TestDatabase, tmp_path: Path
) -> AsyncIterator[Served]:
    """Serve the internal API over connections that are listened to."""
    async with served(database, tmp_path) as opened:
        yield opened


async def sent(statements: list[Statement]) -> Sent:
    """Count what was sent since the last time."""
    await asyncio.sleep(0.01)  # asyncpg tells its listeners in the loop's next turn
    texts = [statement.text for statement in statements]
    statements.clear()
    print(*shortened(texts), sep="\n", end="\n\n")
    return count(texts)


async def test_claims_and_heartbeats_cost_what_they_cost_in_process(
    statements: list[Statement],
    core: Served,
    ledger: Ledger,  # noqa: F811
) -> None:
    far = HttpLedger(await core.core("worker"))
    costs: list[list[Sent]] = []
    for claims, heartbeat in (
        (ledger.tasks.claim, ledger.tasks.heartbeat),
        (far.claim, far.heartbeat),
    ):
        await ledger.submit()
        await sent(statements)
        [claim] = (await claims("worker", "w1", 1)).claims
        costs.append([await sent(statements)])
        await heartbeat([Beat(task=claim.task, token=claim.token)])
        costs[-1].append(await sent(statements))
    assert costs[0] == costs[1]
    assert costs[0] == [Sent(2, 2), Sent(1, 1)]


async def test_what_belongs_to_a_tenant_costs_one_look_at_the_claim(
    statements: list[Statement], core: Served
) -> None:
    client, claim = await core.core("worker"), core.claimed("worker")
    files, slots = HttpFiles(client, claim), HttpSlots(client)
    stored = await files.put(claim.tenant, stream([b"x"]))
    assert await sent(statements) == Sent(1, 1)
    await files.read(claim.tenant, stored.sha256)
    assert await sent(statements) == Sent(1, 1)
    slot = await slots.acquire(wanted(claim), nobody)
    assert await sent(statements) == Sent(1, 1)
    await slots.renew(slot)
    assert await sent(statements) == Sent(1, 1)
    slots.release(slot, REPORT)
    await slots.aclose()
    assert await sent(statements) == Sent(0, 0)


async def test_what_is_joined_costs_a_look_at_the_claim_and_at_its_collection(
    statements: list[Statement], core: Served
) -> None:
    joining, claim = HttpJoining(await core.core("worker")), core.claimed("worker")
    assert await joining.joined(claim, []) == Joined()
    assert await sent(statements) == Sent(0, 0)
    assert await joining.joined(claim, [claim.task]) == Joined()
    assert (await sent(statements)).statements == 2


async def test_words_cost_a_look_a_second_however_many_there_are(
    statements: list[Statement], core: Served
) -> None:
    now = [0.0]
    core.parts.claims.clock = lambda: now[0]
    live, claim = HttpLive(await core.core("worker")), core.claimed("worker")
    for second in range(2):
        for piece in range(100):
            frame = Frame(
                task=claim.task,
                run=claim.run,
                step="s",
                attempt=1,
                offset=second * 100 + piece,
                text="x",
            )
            live.bound(claim).publish(frame)
            await asyncio.sleep(0)
        # What is said to be complete is told, so all that was said before it is too.
        last = core.claimed("worker")
        await live.bound(last).close(last.task, 1)
        now[0] += 1.5
    # One for the claim in each second, and one for each that was closed, at most.
    assert 2 <= (await sent(statements)).statements <= 4
    await live.aclose()
