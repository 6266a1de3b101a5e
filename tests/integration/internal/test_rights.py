"""What a token is good for: its own agent's name, tasks, slots and words, and no tenant's files."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from uuid import UUID, uuid4

import httpx2
import pytest

from sutazai.core.agents.tokens import AgentTokens, digest, new_token
from sutazai_contracts.errors import Forbidden, LeaseLost, NotFound, Unauthenticated
from sutazai_contracts.frames import Frame
from sutazai_contracts.internal import PREFIX, TASK_HEADER, TOKEN_HEADER, SlotHeld, SlotWanted
from sutazai_contracts.models import Usage
from sutazai_contracts.slots import CallReport, SlotRequest
from sutazai_contracts.tasks import AgentCard, Beat, BeatReply, Claim
from sutazai_kit.core_client import claim_headers, open_core
from sutazai_kit.files.http import HttpFiles
from sutazai_kit.ledger.http import HttpLedger
from sutazai_kit.live.http import HttpLive
from sutazai_kit.slots.http import HttpSlots
from tests.contract.files.suite import stream
from tests.integration.internal.serving import SMALL, Served

PATHS = [
    ("POST", "/announce"),
    ("POST", "/claims"),
    ("POST", "/heartbeats"),
    ("POST", "/frames"),
    ("POST", "/slots/choose"),
    ("POST", "/slots/acquire"),
    ("POST", "/slots/renew"),
    ("POST", "/slots/leave"),
    ("POST", "/slots/release"),
    ("POST", "/joined"),
    ("POST", "/files"),
    ("GET", "/files/" + "0" * 64),
]
REPORT = CallReport(
    ending="stop",
    usage=Usage(prompt_tokens=1, completion_tokens=1, first_token_s=None, total_s=1),
)


def wanted(claim: Claim, **changes: object) -> SlotRequest:
    """Ask for a slot for a claim."""
    request = SlotRequest(
        tenant=claim.tenant,
        run=claim.run,
        task=claim.task,
        token=claim.token,
        agent=claim.agent,
        provider="scripted",
        model=SMALL,
    )
    return request.model_copy(update=changes)


def nobody(place: int) -> None:
    """Hear no place."""


async def test_nothing_is_done_without_a_token(core: Served) -> None:
    async with httpx2.AsyncClient(base_url=core.url, verify=False, trust_env=False) as client:
        for method, path in PATHS:
            for shown in ("", "Bearer sa_wrong", "Basic d29ya2Vy"):
                headers = {"authorization": shown} if shown else {}
                answer = await client.request(method, PREFIX + path, headers=headers, content=b"{")
                assert answer.status_code == 401, path
                assert answer.json()["code"] == "unauthenticated"
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.headers["content-type"] == "application/problem+json"


async def test_there_is_no_other_way_in(core: Served) -> None:
    headers = {"authorization": f"Bearer {core.tokens['worker']}"}
    async with httpx2.AsyncClient(
        base_url=core.url, headers=headers, verify=False, trust_env=False
    ) as client:
        for path in ("/docs", "/openapi.json", "/redoc", "/metrics", PREFIX, PREFIX + "/embed"):
            assert (await client.get(path)).status_code == 404
        wrong = await client.get(PREFIX + "/claims")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_a_token_is_known_by_its_digest_alone() -> None:
    mine, other = new_token(), new_token()
    tokens = AgentTokens({"worker": digest(mine), "other": digest(other)})
    assert (tokens.agent_of(mine), tokens.agent_of(other)) == ("worker", "other")
    for wrong in ("", mine[:-1], digest(mine).hex(), "\udcff"):
        with pytest.raises(Unauthenticated):
            tokens.agent_of(wrong)


async def test_the_adapters_say_that_the_token_is_wrong(core: Served) -> None:
    async with open_core(core.url, "sa_wrong") as client:
        with pytest.raises(Unauthenticated, match="no agent's"):
            await HttpLedger(client).claim("worker", "w1", 1)


async def test_an_agent_speaks_for_itself_alone(core: Served) -> None:
    ledger = HttpLedger(await core.core("worker"))
    with pytest.raises(Forbidden):
        await ledger.claim("other", "w1", 1)
    with pytest.raises(Forbidden):
        await ledger.announce(AgentCard(name="other", version="1", description="x"), "w1")
    assert core.announced == []


async def test_a_beat_of_another_agents_task_is_lost_and_renews_nothing(core: Served) -> None:
    mine, foreign = core.claimed("worker"), core.claimed("other")
    lease = "SELECT lease_until FROM tasks WHERE id = %s"
    before = core.database.query(lease, foreign.task)
    beats = [Beat(task=claim.task, token=claim.token) for claim in (foreign, mine)]
    replies = await HttpLedger(await core.core("worker")).heartbeat(beats)
    assert replies == [BeatReply.LOST, BeatReply.GO_ON]
    assert core.database.query(lease, foreign.task) == before
    core.execute("UPDATE tasks SET status = 'cancelled'")
    replies = await HttpLedger(await core.core("worker")).heartbeat(beats)
    assert replies == [BeatReply.LOST, BeatReply.CANCELLED]


async def test_a_tenants_file_is_given_to_claims_of_that_tenant_alone(core: Served) -> None:
    client = await core.core("worker")
    one, two = core.claimed(), core.claimed()
    stored = await HttpFiles(client, one).put(one.tenant, stream([b"private"]))
    assert await HttpFiles(client, one).read(one.tenant, stored.sha256) == b"private"
    with pytest.raises(NotFound):
        await HttpFiles(client, two).read(two.tenant, stored.sha256)
    for tenant in (one.tenant, uuid4()):
        with pytest.raises(Forbidden):
            await HttpFiles(client, two).read(tenant, stored.sha256)
        with pytest.raises(Forbidden):
            await HttpFiles(client, two).put(tenant, stream([b"planted"]))
    listed = [(at.tenant, at.sha256) async for at in core.parts.files.addresses()]
    assert listed == [(one.tenant, stored.sha256)]


def foreign_agent(core: Served) -> Claim:
    """Hold a task of another agent."""
    return core.claimed("other")


def lost(core: Served) -> Claim:
    """Hold a task that another worker holds now."""
    claim = core.claimed("worker")
    core.lose(claim)
    return claim


def over(core: Served) -> Claim:
    """Hold a task that has ended."""
    claim = core.claimed("worker")
    core.execute("UPDATE tasks SET status = 'cancelled' WHERE id = %s", claim.task)
    return claim


def unknown(core: Served) -> Claim:
    """Hold a task that there is not."""
    return core.claimed("worker").model_copy(update={"task": uuid4()})


def guessed(core: Served) -> Claim:
    """Know a task, and not its fencing token."""
    return core.claimed("worker").model_copy(update={"token": uuid4()})


REFUSED: list[tuple[Callable[[Served], Claim], type[Exception]]] = [
    (foreign_agent, Forbidden),
    (lost, LeaseLost),
    (over, LeaseLost),
    (unknown, LeaseLost),
    (guessed, LeaseLost),
]


async def test_files_need_a_claim_that_holds(core: Served) -> None:
    for made, error in REFUSED:
        claim = made(core)
        held = core.claimed("other", tenant=claim.tenant)
        stored = await HttpFiles(await core.core("other"), held).put(claim.tenant, stream([b"x"]))
        files = HttpFiles(await core.core("worker"), claim)
        with pytest.raises(error):
            await files.read(claim.tenant, stored.sha256)
        with pytest.raises(error):
            await files.put(claim.tenant, stream([b"y"] * 3))
    assert len([at async for at in core.parts.files.addresses()]) == len(REFUSED)


async def test_a_slot_needs_a_claim_that_holds(core: Served) -> None:
    slots = HttpSlots(await core.core("worker"))
    for made, error in REFUSED:
        with pytest.raises(error):
            await slots.acquire(wanted(made(core)), nobody)
    assert core.parts.models.lines.busy("scripted") == 0


async def test_whose_a_call_is_says_the_task_and_not_the_request(core: Served) -> None:
    claim, other = core.claimed("worker"), core.claimed("other")
    slots = HttpSlots(await core.core("worker"))
    lied = wanted(claim, tenant=other.tenant, run=other.run, agent="other")
    slot = await slots.acquire(lied, nobody)
    slots.release(slot, REPORT)
    await slots.aclose()
    [kept] = core.kept.calls
    assert (kept.request.tenant, kept.request.run) == (claim.tenant, claim.run)
    assert kept.request.agent == "worker"


async def test_another_agents_slot_is_not_for_this_one(core: Served) -> None:
    slot = await HttpSlots(await core.core("other")).acquire(wanted(core.claimed("other")), nobody)
    slots = HttpSlots(await core.core("worker"))
    with pytest.raises(Forbidden):
        await slots.renew(slot)
    slots.release(slot, REPORT)
    await slots.aclose()
    with pytest.raises(Forbidden):
        await (await core.core("worker")).tell("/slots/leave", SlotHeld(slot=slot.id))
    assert core.parts.models.lines.busy("scripted") == 1
    assert core.kept.calls == []


async def test_a_slot_ends_with_its_claim(core: Served) -> None:
    slots = HttpSlots(await core.core("worker"))
    claim = core.claimed("worker")
    slot = await slots.acquire(wanted(claim), nobody)
    assert await slots.renew(slot)
    core.lose(claim)
    assert not await slots.renew(slot)
    assert [call.report.ending for call in core.kept.calls] == ["lost"]
    assert core.parts.models.lines.busy("scripted") == 0


async def test_a_call_that_is_there_is_not_made_again(core: Served) -> None:
    client, claim = await core.core("worker"), core.claimed("worker")
    slot = await HttpSlots(client).acquire(wanted(claim), nobody)
    body = SlotWanted(call=slot.id, request=wanted(claim)).model_dump_json().encode()
    async with client.stream("POST", "/slots/acquire", content=body) as answer:
        assert b'"code":"conflict"' in await answer.read()
    assert core.parts.models.lines.busy("scripted") == 1


async def test_words_are_those_of_the_claims_own_task(core: Served) -> None:
    live = HttpLive(await core.core("worker"))
    mine, gone = core.claimed("worker"), lost(core)

    def frame(claim: Claim, run: UUID) -> Frame:
        return Frame(task=claim.task, run=run, step="s", attempt=1, offset=0, text="words")

    live.bound(gone).publish(frame(gone, gone.run))
    live.bound(mine).publish(frame(mine, gone.run))
    live.bound(mine).publish(frame(gone, gone.run))
    await live.bound(mine).close(mine.task, 1)
    assert [(f.text, f.step, f.last) for f in await heard(core, mine.run)] == [
        ("words", "write", True)
    ]
    assert await heard(core, gone.run) == []
    foreign = core.claimed("other")
    live.bound(foreign).publish(frame(foreign, foreign.run))
    await live.bound(foreign).close(foreign.task, 1)
    assert await heard(core, foreign.run) == []
    await live.aclose()


async def heard(core: Served, run: UUID) -> list[Frame]:
    """Give what a run's watcher gets at once."""
    async with aclosing(core.parts.live.watch(run)) as batches, asyncio.timeout(5):
        return list(await anext(batches))


async def test_a_claim_that_is_not_named_is_said(core: Served) -> None:
    named = claim_headers(core.claimed())
    shown = {"authorization": f"Bearer {core.tokens['worker']}"}
    async with httpx2.AsyncClient(
        base_url=core.url, headers=shown, verify=False, trust_env=False
    ) as client:
        for header in (TASK_HEADER, TOKEN_HEADER):
            for value in ("", "nonsense"):
                answer = await client.get(
                    f"{PREFIX}/files/{'0' * 64}", headers=named | {header: value}
                )
                assert answer.status_code == 422
                assert answer.json()["errors"][0]["field"] == header
            missing = {name: value for name, value in named.items() if name != header}
            answer = await client.get(f"{PREFIX}/files/{'0' * 64}", headers=missing)
            assert answer.status_code == 422
