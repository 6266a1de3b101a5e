"""llama.cpp in this process: where it listens, what a cancel reaches, what it holds open."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sutazai_kit.model.llama_cpp import LlamaCppConfig, LlamaCppModel, open_llama_cpp
from tests.contract.model.suite import Verdict, question, until
from tests.support.gguf import write_tiny_llama

CONTEXT = 32_768


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the model's file."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return write_tiny_llama(path, context=CONTEXT, width=64, layers=4)


@pytest.fixture
async def model(gguf: Path) -> AsyncIterator[LlamaCppModel]:
    async with open_llama_cpp(LlamaCppConfig(path=gguf, num_ctx=CONTEXT, slots=2)) as opened:
        yield opened


async def working(model: LlamaCppModel) -> int:
    """Count the answers that the server works on."""
    answer = await model._client.request("GET", "/slots")
    return sum(slot["is_processing"] for slot in answer.json())


def listening_tcp() -> set[str]:
    """List the inodes of listening TCP sockets that this process holds (proc(5))."""
    tables = [Path(f"/proc/self/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = {row[9] for row in rows if row[3] == "0A"}
    held = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            held.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
        except FileNotFoundError:
            continue
    return listening & held


async def test_it_listens_for_this_user_alone_and_on_no_port(
    gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = listening_tcp()
    async with open_llama_cpp(LlamaCppConfig(path=gguf)) as model:
        (folder,) = tmp_path.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [path.name for path in folder.iterdir()] == ["llama.sock"]
        assert (await model.complete(question("tiny", max_tokens=2))).text
        assert listening_tcp() == before
    assert list(tmp_path.iterdir()) == []


async def test_a_cancel_reaches_it_while_the_question_is_read(gguf: Path) -> None:
    # Thousands of tokens, in batches of 32: to read them all takes far longer than the deadline.
    request = question("tiny", "many ships " * 3500, max_tokens=8, deadline_s=1.5)
    async with open_llama_cpp(LlamaCppConfig(path=gguf, num_ctx=CONTEXT)) as model:
        answer = await model.complete(request)
        assert (answer.reason, answer.text) == ("cancelled", "")
        # The one slot is free as soon as llama.cpp has looked whether anybody waits: each second.
        after = await model.complete(question("tiny", max_tokens=2, deadline_s=4))
        assert after.reason == "length"


async def test_as_many_answers_at_once_as_it_has_slots(model: LlamaCppModel) -> None:
    tasks = [
        asyncio.create_task(model.complete(question("tiny", f"{n}", max_tokens=CONTEXT - 1000)))
        for n in range(3)
    ]

    async def two() -> bool:
        return await working(model) == 2

    await until(two, True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    async def none() -> bool:
        return await working(model) == 0

    await until(none, True)


@pytest.mark.requirement("D6", part="structured output of llama.cpp is validated")
@pytest.mark.untraced
async def test_fifty_of_fifty_structured_answers_are_valid(model: LlamaCppModel) -> None:
    for seed in range(50):
        request = question("tiny", max_tokens=400, temperature=1, seed=seed)
        answer = await model.structured(request, Verdict)
        assert not answer.repaired
        assert set(json.loads(answer.text)) == set(Verdict.model_fields)
