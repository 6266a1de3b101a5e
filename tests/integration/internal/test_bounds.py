"""How much is taken, and for how long anybody is waited for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from sutazai_contracts.errors import FilesUnavailable, InvalidInput, TooLarge
from sutazai_contracts.internal import (
    MAX_BEATS,
    MAX_FRAMES,
    MAX_JSON_BYTES,
    PREFIX,
    ClaimCall,
    Frames,
    SlotReturn,
    SpokenFrame,
)
from sutazai_contracts.models import Usage
from sutazai_contracts.slots import CallReport
from sutazai_contracts.tasks import Beat, BeatReply
from sutazai_kit.core_client import claim_headers
from sutazai_kit.files.http import HttpFiles
from sutazai_kit.ledger.http import HttpLedger
from sutazai_kit.slots.http import HttpSlots
from tests.contract.files.suite import MIB, stream
from tests.integration.internal.serving import Served, served
from tests.integration.internal.test_rights import nobody, wanted
from tests.support.database import TestDatabase

DEADLINE_S = 10.0


async def test_a_body_that_does_not_fit_is_refused_by_its_field(core: Served) -> None:
    headers = {"authorization": f"Bearer {core.tokens['worker']}"}
    beats = {"beats": [{"task": str(uuid4()), "token": str(uuid4())}] * (MAX_BEATS + 1)}
    wrong = [
        ("/claims", {}, "agent"),
        ("/claims", {"agent": "worker", "worker": "w", "slots": 0}, "slots"),
        ("/claims", {"agent": "worker", "worker": "w" * 201, "slots": 1}, "worker"),
        ("/claims", [], "body"),
        ("/heartbeats", beats, "beats"),
        ("/frames", {"frames": [{"task": "?"}]}, "frames.0.task"),
        ("/slots/choose", {"role": "r" * 65}, "role"),
        ("/announce", {"card": {"name": "NO"}, "worker": "w"}, "card.name"),
    ]
    async with httpx2.AsyncClient(
        base_url=core.url, headers=headers, verify=False, trust_env=False
    ) as client:
        for path, body, field in wrong:
            answer = await client.post(PREFIX + path, json=body)
            assert answer.status_code == 422, path
            assert answer.json()["errors"][0]["field"] == field
        for content in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
            answer = await client.post(PREFIX + "/claims", content=content)
            assert answer.status_code == 422


async def test_a_body_larger_than_any_call_needs_is_refused(core: Served) -> None:
    client = await core.core("worker")
    with pytest.raises(TooLarge):
        await client.tell(
            "/claims",
            ClaimCall(agent="w" * 10, worker="w", slots=1).model_copy(
                update={"worker": "w" * MAX_JSON_BYTES}
            ),
        )
    # The connection is good for the next call all the same.
    assert (await HttpLedger(client).claim("worker", "w1", 1)).claims == ()


async def test_more_beats_than_one_call_takes_go_in_several(core: Served) -> None:
    claim = core.claimed("worker")
    beats = [Beat(task=claim.task, token=claim.token)] * (2 * MAX_BEATS + 1)
    replies = await HttpLedger(await core.core("worker")).heartbeat(beats)
    assert replies == [BeatReply.GO_ON] * len(beats)


async def test_frames_in_one_call_are_bounded(core: Served) -> None:
    frame = SpokenFrame(task=uuid4(), token=uuid4(), offset=0, text="")
    body = Frames(frames=(frame,)).model_copy(update={"frames": (frame,) * (MAX_FRAMES + 1)})
    with pytest.raises(InvalidInput):
        await (await core.core("worker")).tell("/frames", body)


@pytest.mark.parametrize(
    "bad", [{"prompt_tokens": 2**31}, {"error": "x" * 201}, {"error": "a\x00b"}], ids=str
)
async def test_a_report_that_the_record_can_not_keep_is_refused(
    core: Served, bad: dict[str, object]
) -> None:
    client = await core.core("worker")
    slot = await HttpSlots(client).acquire(wanted(core.claimed("worker")), nobody)
    usage = Usage(prompt_tokens=1, completion_tokens=1, first_token_s=None, total_s=1)
    report = CallReport(ending="failed", usage=usage)
    if "error" in bad:
        report = report.model_copy(update=bad)
    else:
        report = report.model_copy(update={"usage": usage.model_copy(update=bad)})
    with pytest.raises(InvalidInput):
        await client.tell("/slots/release", SlotReturn(slot=slot.id, report=report))
    assert core.kept.calls == []


async def test_a_model_is_no_name_with_a_nul(core: Served) -> None:
    slots = HttpSlots(await core.core("worker"))
    with pytest.raises(InvalidInput):
        await slots.acquire(wanted(core.claimed("worker"), model="a\x00"), nobody)


async def test_a_file_over_the_limit_leaves_nothing(database: TestDatabase, tmp_path: Path) -> None:
    async with served(database, tmp_path, file_limit=3 * MIB) as core:
        claim = core.claimed("worker")
        files = HttpFiles(await core.core("worker"), claim)
        with pytest.raises(TooLarge):
            await files.put(claim.tenant, stream([b"x" * MIB] * 4))
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        stored = await files.put(claim.tenant, stream([b"x" * MIB] * 3))
        assert stored.size == 3 * MIB


async def test_a_file_that_changed_on_the_disk_is_not_given_as_whole(
    core: Served, tmp_path: Path
) -> None:
    claim = core.claimed("worker")
    files = HttpFiles(await core.core("worker"), claim)
    stored = await files.put(claim.tenant, stream([b"as it was"]))
    [path] = [path for path in tmp_path.rglob("*") if path.is_file()]
    path.write_bytes(b"otherwise")
    with pytest.raises(FilesUnavailable, match="other bytes"):
        await files.read(claim.tenant, stored.sha256)


async def spoken(core: Served, head: str) -> tuple[str, asyncio.StreamReader]:
    """Send the beginning of a request and no more; gives the answer's first line."""
    host, _, port = core.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = f"{head}\r\nauthorization: Bearer {core.tokens['worker']}\r\nhost: core\r\n"
    writer.write(lines.encode() + b"content-length: 100\r\n\r\nhalf of")
    try:
        async with asyncio.timeout(DEADLINE_S):
            return (await reader.readline()).decode(), reader
    finally:
        writer.close()


@pytest.mark.faults
async def test_who_stops_sending_is_not_waited_for(core: Served, tmp_path: Path) -> None:
    status, _ = await spoken(core, f"POST {PREFIX}/claims HTTP/1.1")
    assert " 408 " in status
    named = "".join(f"\r\n{k}: {v}" for k, v in claim_headers(core.claimed("worker")).items())
    status, _ = await spoken(core, f"POST {PREFIX}/files HTTP/1.1{named}")
    assert " 408 " in status
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_an_upload_that_comes_slowly_comes_whole(core: Served) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(0.1)  # the time without a byte is bounded, the whole is not
            yield b"drop "

    claim = core.claimed("worker")
    files = HttpFiles(await core.core("worker"), claim)
    stored = await files.put(claim.tenant, slowly())
    assert await files.read(claim.tenant, stored.sha256) == b"drop " * 4
