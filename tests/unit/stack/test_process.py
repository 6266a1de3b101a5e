"""What all processes of the stack have: an end by SIGTERM, words where they can't, HTTP pages."""

import asyncio
import os
import signal
import socket

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from sutazai.bootstrap.background import background
from sutazai.bootstrap.processes.server import until
from sutazai.entrypoints.stack.answering import answering
from sutazai.entrypoints.stack.pages import create_agent_app, create_process_app
from sutazai.entrypoints.stack.process import Readiness, listen_on, run_process
from sutazai_contracts.errors import InvalidInput, Unavailable
from sutazai_contracts.tasks import AgentCard
from sutazai_kit.observer import RunnerState


@pytest.fixture(autouse=True)
def _logs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutazai.entrypoints.stack.process.configure_logs", lambda level: None)


CARD = AgentCard(name="writer", version="1", description="Writes.")


def test_it_works_until_it_is_asked_to_stop() -> None:
    seen: list[str] = []

    async def work(asked: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asked.wait()
        seen.append("stopped in order")

    assert run_process("test", work, log_level="ERROR") == 0
    assert seen == ["stopped in order"]


def test_asked_twice_it_breaks_off_what_has_not_begun() -> None:
    async def work(asked: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asked.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(3600)

    assert run_process("test", work, log_level="ERROR") == 0


def test_one_that_can_not_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(asked: asyncio.Event) -> None:
        raise Unavailable("the database is away")

    assert run_process("relay", work, log_level="ERROR") == 1
    assert "sutazai relay: the database is away" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"port {port} can't be had"):
            listen_on(port)


async def test_readiness_follows_its_parts() -> None:
    trouble: list[Unavailable] = []

    async def check() -> None:
        if trouble:
            raise trouble[0]

    ready = Readiness(check, every_s=0.01)
    assert ready() == "it is starting"
    async with background(ready=ready.run()):
        assert await until(lambda: not ready(), 5)
        trouble.append(Unavailable("the broker is away"))
        assert await until(lambda: ready() == "the broker is away", 5)


async def test_a_part_that_hangs_is_not_waited_for() -> None:
    ready = Readiness(lambda: asyncio.sleep(3600), every_s=0.01)
    async with background(ready=ready.run()):
        assert await until(lambda: "did not answer in time" in ready(), 5)


async def test_pages_are_answered_while_the_loop_is_busy() -> None:
    state = RunnerState("writer", busy=1, slots=2, done=3, failed=4, last_work_at=None)
    problem = [""]
    app = create_agent_app(
        {"writer": (CARD, lambda: state)}, CollectorRegistry(), lambda: problem[0]
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with answering(app, listener):
            with httpx2.Client(base_url=url, trust_env=False) as client:  # blocks this loop
                assert client.get("/health/live").json() == {"status": "live"}
                assert client.get("/health/ready").status_code == 200
                problem[0] = "it drains"
                unready = client.get("/health/ready")
                assert (unready.status_code, unready.json()["detail"]) == (503, "it drains")
                assert client.get("/metrics").headers["content-type"].startswith("text/plain")
                [agent] = client.get("/agents").json()["agents"]
                assert (agent["busy"], agent["done"], agent["card"]["name"]) == (1, 3, "writer")
                assert client.get("/.well-known/agent-card.json").json()["name"] == "writer"


async def test_of_several_agents_there_is_no_one_card() -> None:
    state = RunnerState("x", busy=0, slots=1, done=0, failed=0, last_work_at=None)
    two = {name: (CARD.model_copy(update={"name": name}), lambda: state) for name in ("a", "b")}
    transport = httpx2.ASGITransport(create_agent_app(two, CollectorRegistry(), str))
    async with httpx2.AsyncClient(transport=transport, base_url="http://agents") as client:
        answer = await client.get("/.well-known/agent-card.json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_process_without_agents_has_no_page_of_them() -> None:
    transport = httpx2.ASGITransport(create_process_app(CollectorRegistry(), str))
    async with httpx2.AsyncClient(transport=transport, base_url="http://relay") as client:
        assert (await client.get("/health/ready")).json() == {"ready": True, "detail": ""}
        assert (await client.get("/agents")).status_code == 404
