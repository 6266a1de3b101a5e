"""What watchers of an answer put together is what the steps' outputs and the answer read.

The platform is real, and so are its processes and their deaths; the model is a script behind
Ollama's wire format.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from sutazai_agents.reviewer import UNSUPPORTED
from sutazai_kit.model.scripted import Rule, ScriptedConfig, ScriptedModel, open_scripted
from tests.support.embeddings import models_dir
from tests.support.model_servers import ollama_app, serve_app
from tests.support.platform import LivePlatform, live_platform

pytestmark = pytest.mark.faults

__all__ = ["models_dir"]

DEADLINE_S = 60
DOCUMENT = (
    "# Bakery\n\nThe shop opens at nine in the morning. Bread is baked twice a day. "
    "A loaf of rye bread costs four euros.\n"
)
TOPIC = "What does a loaf of rye bread cost in the shop"
# Of each question: what the model says, and whether the text is revised by writer and reviewer.
SAID: dict[str, tuple[str, set[str]]] = {
    "exactly": ("A loaf of rye bread costs four euros [1]. " * 6, set()),
    "loosely": ("A loaf of rye bread costs four euros.[1] " * 6, {"write"}),
    "wrongly": (
        "A loaf of rye bread costs four euros [1]. The shop opens at 7 [1]. " * 4,
        {"write", "review"},
    ),
    "freely": ("Bread is good for everybody, as everybody knows. " * 6, {"write"}),
}
ENDS = {"run.succeeded", "run.failed", "run.cancelled"}


@dataclass
class Watcher:
    """One person: durable events over all connections, and the text of each step as it stands."""

    heard: asyncio.Event = field(default_factory=asyncio.Event)
    seqs: list[int] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    versions: dict[str, tuple[int, int]] = field(default_factory=dict)
    succeeded: dict[str, str] = field(default_factory=dict)
    last_speaker: str | None = None
    over: bool = False

    def see(self, number: int | None, kind: str, data: dict[str, Any]) -> None:
        """Take one event, and fail where it breaks a law of the stream."""
        if number is not None:
            assert number == len(self.seqs) + 1, "a durable event is missing or double"
            self.seqs.append(number)
            self.over = kind in ENDS
            if kind == "step.succeeded" and (step := data["data"]["step"]) in self.texts:
                self.succeeded[step] = self.texts[step]
            return
        step, version = data["step"], (data["attempt"], data["revision"])
        assert version >= self.versions.get(step, (1, 0)), "void text"
        if kind == "step.reset":
            self.versions[step], self.texts[step] = version, ""
            self.last_speaker = step
            return
        assert version == self.versions.setdefault(step, version), "no reset before"
        text, offset = self.texts.get(step, ""), data["offset"]
        assert offset <= len(text), "a gap"
        assert (offset + len(data["text"]) <= len(text)) <= (offset < len(text))
        self.texts[step] = text[:offset] + data["text"] + text[offset + len(data["text"]) :]
        self.last_speaker = step
        self.heard.set()


@dataclass
class Bakery:
    """A platform with a document about a bakery, and the script that answers there."""

    platform: LivePlatform
    script: ScriptedModel

    async def ask(self, how: str) -> str:
        """Start a run."""
        async with self.platform.async_client() as client:
            answer = await client.post("/api/v1/runs", json={"goal": f"{TOPIC}, {how}?"})
            return str(answer.json()["id"])

    async def shown(self, run: str) -> dict[str, Any]:
        """Read a run."""
        async with self.platform.async_client() as client:
            return dict((await client.get(f"/api/v1/runs/{run}")).json())

    async def watch(self, run: str, watcher: Watcher, random: Random | None = None) -> None:
        """Watch a run to its end, over connections that break off now and then."""
        async with asyncio.timeout(DEADLINE_S):
            while not watcher.over:
                left = random.randint(1, 15) if random else 1 << 30
                # The platform may be dead at the moment.
                with suppress(httpx2.TransportError):
                    await self._some(run, watcher, left)
                await asyncio.sleep(0.02)

    async def _some(self, run: str, watcher: Watcher, count: int) -> None:
        headers = {"Last-Event-ID": str(len(watcher.seqs))}
        async with (
            self.platform.async_client() as client,
            client.stream("GET", f"/api/v1/runs/{run}/events", headers=headers) as stream,
        ):
            block: dict[str, str] = {}
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    block[name] = value
                    continue
                if "event" in block:
                    number = int(block["id"]) if "id" in block else None
                    watcher.see(number, block["event"], json.loads(block["data"]))
                    count -= 1
                block = {}
                if count <= 0 or watcher.over:
                    return


@pytest.fixture
async def bakery(models_dir: Path) -> AsyncIterator[Bakery]:
    rules = tuple(Rule(when=f", {how}", say=(said,)) for how, (said, _) in SAID.items())
    # A judge that says yes: what is refused is refused by wording and meaning.
    judges = (_yes("^Claim 0.*Claim 5", range(6)), _yes("^Claim 0", range(0, 8, 2)))
    config = ScriptedConfig(names=("tiny",), rules=(*judges, *rules), piece_s=0.01)
    async with open_scripted(config) as script, serve_app(ollama_app(script)) as url:
        told = {"SUTAZAI_MODELS_RUNTIME": "ollama", "SUTAZAI_MODELS_OLLAMA_URL": url}
        with live_platform(models_dir, SUTAZAI_MODELS_DEFAULT="tiny", **told) as platform:
            await asyncio.to_thread(platform.start)
            opened = Bakery(platform, script)
            await _index(opened)
            yield opened


def _yes(when: str, claims: range) -> Rule:
    return Rule(when=when, structured=json.dumps({str(claim): True for claim in claims}))


async def _written(watcher: Watcher) -> None:
    """Wait for the first words."""
    async with asyncio.timeout(DEADLINE_S):
        await watcher.heard.wait()


async def _index(bakery: Bakery) -> None:
    async with bakery.platform.async_client() as client:
        uploaded = await client.post(
            "/api/v1/collections/default/documents",
            files={"file": ("bakery.md", DOCUMENT.encode())},
        )
    watcher = Watcher()
    await bakery.watch(uploaded.json()["run"]["id"], watcher)


def _check(watcher: Watcher, shown: dict[str, Any]) -> None:
    """See that each text was its step's output, and the last one the answer."""
    assert shown["status"] == "succeeded", shown
    outputs = {step["id"]: step["output"]["answer"] for step in shown["steps"][1:]}
    assert watcher.succeeded == {step: outputs[step] for step in watcher.succeeded}
    assert watcher.succeeded, "nothing was heard"
    assert watcher.last_speaker is not None
    assert watcher.texts[watcher.last_speaker] == shown["result"]["answer"]


@pytest.mark.timeout(240)
async def test_text_is_output_and_answer_through_kills_and_reconnects(bakery: Bakery) -> None:
    random = Random(4)
    for how, (_, revised) in SAID.items():
        run = await bakery.ask(how)
        steady, broken = Watcher(), [Watcher(), Watcher()]
        watching = [
            asyncio.create_task(bakery.watch(run, steady)),
            *(asyncio.create_task(bakery.watch(run, each, random)) for each in broken),
        ]
        await _written(steady)
        late = Watcher()
        await asyncio.gather(*watching, bakery.watch(run, late))
        shown = await bakery.shown(run)
        for watcher in (steady, late, *broken):
            _check(watcher, shown)
        assert {step for step, version in steady.versions.items() if version[1]} == (
            revised - {"review"}
        )
        assert ("review" in steady.texts) == ("review" in revised)
        assert (UNSUPPORTED in shown["result"]["answer"]) == ("review" in revised)


@pytest.mark.timeout(240)
async def test_after_a_kill_amid_the_text_watchers_get_what_the_next_attempt_says(
    bakery: Bakery,
) -> None:
    run = await bakery.ask("wrongly")
    watchers = [Watcher(), Watcher()]
    watching = [
        asyncio.create_task(bakery.watch(run, watchers[0])),
        asyncio.create_task(bakery.watch(run, watchers[1], Random(1))),
    ]
    await _written(watchers[0])
    bakery.platform.kill()
    await asyncio.to_thread(bakery.platform.start)
    await asyncio.gather(*watching)
    shown = await bakery.shown(run)
    for watcher in watchers:
        _check(watcher, shown)
    assert watchers[0].versions["write"][0] == 2


async def test_the_same_question_is_answered_and_heard_again_without_the_model(
    bakery: Bakery,
) -> None:
    shown = []
    for _ in range(2):
        watcher, run = Watcher(), await bakery.ask("exactly")
        await bakery.watch(run, watcher)
        shown.append(await bakery.shown(run))
        _check(watcher, shown[-1])
        assert watcher.texts["write"] == shown[0]["result"]["answer"]
    first, again = shown
    assert again["result"]["answer"] == first["result"]["answer"]
    assert first["usage"]["model_calls"] == len(bakery.script.asked)
    assert again["usage"]["cached_answers"] == first["usage"]["model_calls"]
    assert "model_calls" not in again["usage"]
