"""Which runtime is in use, as runtimes come, go, hang and fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from loguru import logger

from sutazai.core.models.runtimes import Candidate, Runtimes, describe
from sutazai_contracts.errors import InvalidInput, ModelUnavailable
from sutazai_contracts.models import Capabilities, ModelInfo, Provider, RuntimeInfo
from sutazai_kit.model.port import Model
from sutazai_kit.model.scripted import ADVICE, ScriptedConfig, ScriptedModel, open_scripted
from tests.unit.kit.virtual_time import until, virtual_time


@dataclass
class Place:
    """Where a runtime may be: `down`, `hangs` and `broken` say how it does."""

    provider: Provider
    down: bool = False
    hangs: bool = False
    broken: bool = False
    opened: int = 0
    closed: int = 0
    models: list[Model] = field(default_factory=list)

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.provider, self.open)

    def open(self) -> AbstractAsyncContextManager[Model]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Model]:
        if self.broken:
            raise InvalidInput("the file is no GGUF file")
        async with open_scripted(ScriptedConfig()) as script:
            self.opened += 1
            yield _Placed(script, self)
        self.closed += 1


class _Placed(ScriptedModel):
    """A script that answers as its place says."""

    def __init__(self, script: ScriptedModel, place: Place) -> None:
        super().__init__(ScriptedConfig(), asyncio.get_running_loop().time, asyncio.sleep)
        self.place = place

    async def runtime(self) -> RuntimeInfo:
        if self.place.down:
            raise ModelUnavailable("nobody listens there")
        if self.place.hangs:
            await asyncio.sleep(3600)
        return (await super().runtime()).model_copy(update={"provider": self.place.provider})


def used(runtimes: Runtimes) -> str | None:
    return runtimes.present.info.provider if runtimes.present else None


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Give what is logged."""
    lines: list[str] = []
    number = logger.add(lambda message: lines.append(str(message)), format="{message}")
    yield lines
    logger.remove(number)


@virtual_time
async def test_the_first_that_answers_is_used_and_one_that_comes_later_takes_over() -> None:
    ollama, llama = Place("ollama", down=True), Place("llama_cpp")
    busy: list[int] = [1]
    candidates = [ollama.candidate, llama.candidate]
    runtimes = Runtimes(candidates, busy=lambda provider: busy[0], every_s=5)
    running = asyncio.create_task(runtimes.run())
    await runtimes.looked()
    assert used(runtimes) == "llama_cpp"
    model = runtimes.model("llama_cpp")
    ollama.down = False
    await until(lambda: used(runtimes) == "ollama", 20)
    # A call still runs on the one that was left: it stays open for that long.
    await asyncio.sleep(20)
    assert runtimes.model("llama_cpp") is model
    busy[0] = 0
    await until(lambda: llama.closed, 20)
    with pytest.raises(ModelUnavailable, match="not in use"):
        runtimes.model("llama_cpp")
    ollama.down = True
    await until(lambda: used(runtimes) == "llama_cpp", 20)
    running.cancel()
    await asyncio.wait({running})
    assert (ollama.opened, ollama.closed) == (1, 1)
    assert (llama.opened, llama.closed) == (2, 2)
    assert used(runtimes) is None


@virtual_time
async def test_a_place_that_gives_no_answer_holds_a_choice_up_for_seconds_only() -> None:
    begun = asyncio.get_running_loop().time()
    runtimes = Runtimes([Place("ollama", hangs=True).candidate], answer_s=60)
    running = asyncio.create_task(runtimes.run())
    await runtimes.looked()
    assert asyncio.get_running_loop().time() - begun == 5
    assert used(runtimes) is None
    running.cancel()
    await asyncio.wait({running})


@virtual_time
async def test_a_busy_runtime_is_borne_with_and_a_dead_one_is_not() -> None:
    place = Place("ollama")
    runtimes = Runtimes([place.candidate], "Install one.", answer_s=2, patience=3)
    await runtimes.look()
    place.hangs = True
    for _ in range(2):
        await runtimes.look()
        assert used(runtimes) == "ollama"
    await runtimes.look()
    assert used(runtimes) is None
    assert runtimes.remedy() == "Install one. ollama: gave no answer within 2 s"
    place.hangs = False
    await runtimes.look()
    assert used(runtimes) == "ollama"
    assert runtimes.remedy() == ADVICE
    place.down = True
    await runtimes.look()
    assert used(runtimes) is None
    await runtimes.aclose()


async def test_one_that_can_t_be_opened_is_passed_over_and_says_why() -> None:
    broken, other = Place("llama_cpp", broken=True), Place("scripted")
    runtimes = Runtimes([broken.candidate, other.candidate])
    await runtimes.look()
    assert used(runtimes) == "scripted"
    assert runtimes.remedy() == f"{ADVICE} llama_cpp: the file is no GGUF file"
    await runtimes.aclose()


async def test_the_log_says_what_is_in_use_once_and_why_none_is(said: list[str]) -> None:
    place = Place("ollama")
    runtimes = Runtimes([place.candidate], "Answers are extracts: install one.")
    for _ in range(3):
        await runtimes.look()
    assert len(said) == 1
    assert "ollama" in said[0]
    assert "scripted (4096 tokens, JSON)" in said[0]
    assert "name a real provider" in said[0]
    place.down = True
    for _ in range(3):
        await runtimes.look()
    assert len(said) == 2
    assert "install one. ollama: nobody listens there" in said[1]
    await runtimes.aclose()


async def test_without_candidates_none_is_in_use(said: list[str]) -> None:
    runtimes = Runtimes([], "Switched off.")
    for _ in range(3):
        await runtimes.look()
    await runtimes.looked()
    assert used(runtimes) is None
    assert [line.strip() for line in said] == ["Models: Switched off."]


def test_a_model_is_described_by_what_it_can_do() -> None:
    can = Capabilities(context_tokens=None, json_schema=False, tools=True, embeddings=True)
    info = ModelInfo(name="a", provider="ollama", capabilities=can)
    assert describe(info) == "a (tools, embeddings)"
    plain = can.model_copy(update={"tools": False, "embeddings": False})
    assert describe(info.model_copy(update={"capabilities": plain})) == "a (text)"
