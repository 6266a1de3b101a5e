"""The registry over a real Consul under the registry contract, with workers that answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from prometheus_client import CollectorRegistry

from sutazai.adapters.registry.consul import AGENT_META, SERVICE, ConsulRegistry
from sutazai.adapters.registry.consul_client import ConsulClient, open_consul
from sutazai.adapters.registry.registration import Registration, registered, way_to
from sutazai.bootstrap.background import background
from sutazai.entrypoints.stack.answering import answering
from sutazai.entrypoints.stack.pages import create_agent_app
from sutazai_contracts.errors import Unavailable
from sutazai_contracts.tasks import AgentCard
from sutazai_kit.observer import RunnerState
from tests.contract.registry.suite import CARDS, RegistryContract
from tests.support.containers import Server, container

pytestmark = pytest.mark.stack
# Three checks that fail, two seconds apart, and what Consul and this machine add.
DOWN_S = 10.0
AGENT = ["agent", "-server", "-bootstrap-expect=1", "-client=0.0.0.0", "-data-dir=/tmp/consul"]


@pytest.fixture(scope="module")
def consul_server() -> Iterator[Server]:
    with container("consul", 8500, command=AGENT) as server:
        yield server


async def until(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110  (what is waited for is elsewhere)
            await asyncio.sleep(0.02)


@dataclass
class Workers:
    """Processes of agents that answer over HTTP and register, and the registry that finds them."""

    registry: ConsulRegistry
    consul: ConsulClient
    host: str
    running: dict[str, AsyncExitStack] = field(default_factory=dict)

    async def appear(self, agent: str, worker: str, *, busy: int = 0) -> None:
        stack = AsyncExitStack()
        port = await stack.enter_async_context(self.serving(agent, busy))
        here = Registration(SERVICE, worker, port, self.host, meta={AGENT_META: agent})
        await stack.enter_async_context(registered(self.consul, [here]))
        self.running[worker] = stack
        await until(lambda: worker in {i.id for i in self.registry.instances if i.passing})

    async def leave(self, agent: str, worker: str) -> None:
        stack = self.running.pop(worker, None)
        if stack is not None:
            await stack.aclose()
            await until(lambda: worker not in {i.id for i in self.registry.instances})

    @asynccontextmanager
    async def serving(self, agent: str, busy: int = 0) -> AsyncIterator[int]:
        card = next((c for c in CARDS if c.name == agent), None)
        card = card or AgentCard(name=agent, version="1", description=agent)
        state = RunnerState(agent, busy, card.slots, done=3, failed=1, last_work_at=None)
        app = create_agent_app({agent: (card, lambda: state)}, CollectorRegistry(), str)
        listener = socket.create_server((self.host, 0))
        async with answering(app, listener):
            yield listener.getsockname()[1]


class TestConsulRegistry(RegistryContract):
    @pytest.fixture(autouse=True)
    def _server(self, consul_server: Server) -> None:
        self.url = f"http://{consul_server.host}:{consul_server.port}"
        attributes = consul_server.running.get_wrapped_container().attrs
        # Where the container reaches this process.
        self.host = attributes["NetworkSettings"]["Networks"]["bridge"]["Gateway"]

    @asynccontextmanager
    async def open_registry(self) -> AsyncIterator[Workers]:
        async with open_consul(self.url) as consul:
            registry = ConsulRegistry(consul)
            for card in CARDS:
                registry.expect(card)
            async with background(registry=registry.run()):
                await until(lambda: registry.away is None, within_s=30)
                workers = Workers(registry, consul, self.host)
                yield workers
                for worker in list(workers.running):
                    await workers.leave("", worker)

    async def test_an_agent_that_nobody_expected_is_met(self) -> None:
        async with self.open_registry() as given:
            await given.appear("stranger", "s1")
            await until(lambda: "stranger" in given.registry.names())
            states = {state.card.name: state for state in await given.registry.agents()}
            assert (states["stranger"].status, states["stranger"].done) == ("idle", 3)

    @pytest.mark.requirement("F2", part="Consul: an agent that ends is shown as down within 10 s")
    async def test_one_that_ends_without_a_word_is_down_within_ten_seconds(self) -> None:
        async with self.open_registry() as given, AsyncExitStack() as life:
            port = await life.enter_async_context(given.serving("writer"))
            here = Registration(SERVICE, "w9", port, given.host, meta={AGENT_META: "writer"})
            await given.consul.register(here.definition(""))
            await until(lambda: any(i.id == "w9" and i.passing for i in given.registry.instances))
            await life.aclose()
            down = partial(_is_down, given.registry, "w9")
            await until(down, within_s=DOWN_S)
            await given.consul.deregister("w9")

    async def test_whom_consul_forgot_registers_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sutazai.adapters.registry.registration.LOOK_EVERY_S", 0.05)
        async with self.open_registry() as given:
            await given.appear("writer", "w1")
            await given.consul.deregister("w1")
            await until(lambda: any(i.id == "w1" for i in given.registry.instances))


def _is_down(registry: ConsulRegistry, worker: str) -> bool:
    return not any(i.id == worker and i.passing for i in registry.instances)


async def test_without_consul_what_was_known_stays_and_the_check_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with open_consul(f"http://127.0.0.1:{port}") as consul:
        registry = ConsulRegistry(consul)
        registry.expect(CARDS[0])
        async with background(registry=registry.run()):
            await until(lambda: registry.away is not None and "answer" in registry.away)
            with pytest.raises(Unavailable, match="Consul does not answer"):
                await registry.check()
            assert [state.status for state in await registry.agents()] == ["down"]


async def test_the_own_address_is_the_one_on_the_way_to_the_server() -> None:
    assert way_to("http://127.0.0.1:8500") == "127.0.0.1"
    with pytest.raises(Unavailable, match="not known here"):
        way_to("http://nowhere.invalid:8500")
