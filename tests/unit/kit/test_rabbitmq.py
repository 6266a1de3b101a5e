"""What of the bus on RabbitMQ needs no server: frames, rights, threads, words."""

import asyncio
import base64
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import exceptions, frame, spec

from sutazai_contracts.errors import BusUnavailable
from sutazai_contracts.queues import DEAD, OUTCOMES
from sutazai_kit.bus.rabbitmq.bus import RabbitSettings, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.connection import Broker, words
from sutazai_kit.bus.rabbitmq.frames import content_frames, publish_frame
from sutazai_kit.bus.rabbitmq.rights import (
    Account,
    agent_account,
    core_account,
    definitions,
    password_hash,
)
from sutazai_kit.bus.rabbitmq.thread import LoopThread, Mailbox
from sutazai_kit.bus.rabbitmq.topology import Bounds, arguments, exchange_of

NOWHERE = Broker("127.0.0.1", 1, "nobody", "a secret")


def of_pika(channel: int, message_id: str, body: bytes, frame_max: int) -> Iterator[bytes]:
    """Write a message's content as pika does."""
    properties: Any = spec.BasicProperties(  # type: ignore[no-untyped-call]
        delivery_mode=2, message_id=message_id
    )
    yield frame.Header(channel, len(body), properties).marshal()
    for start in range(0, len(body), frame_max - 8):
        yield frame.Body(channel, body[start : start + frame_max - 8]).marshal()


@given(
    channel=st.integers(1, 2047),
    message_id=st.text("0123456789abcdef-", min_size=1, max_size=60),
    body=st.binary(max_size=300),
    frame_max=st.integers(30, 200),
)
def test_frames_are_pikas_byte_for_byte(
    channel: int, message_id: str, body: bytes, frame_max: int
) -> None:
    ours = b"".join(content_frames(channel, message_id.encode(), body, frame_max))
    assert ours == b"".join(of_pika(channel, message_id, body, frame_max))


def test_every_message_is_published_mandatory() -> None:
    _, decoded = frame.decode_frame(publish_frame(3, "exchange", "key"))
    assert isinstance(decoded, frame.Method)
    method = decoded.method
    assert (decoded.channel_number, method.exchange, method.routing_key) == (3, "exchange", "key")
    assert method.mandatory


def test_a_password_is_hashed_as_rabbitmq_documents_it() -> None:
    salt = bytes.fromhex("908DC60A")
    assert password_hash("test12", salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_definitions_name_users_and_rights_and_no_password() -> None:
    made = definitions(
        [core_account("core", "first secret"), agent_account("w", "second", agent="writer")],
        virtual_host="ours",
        random=lambda count: bytes(range(count)),
    )
    assert [user["name"] for user in made["users"]] == ["core", "w"]
    assert "secret" not in str(made)
    assert "second" not in str(made)
    assert base64.b64decode(made["users"][0]["password_hash"])[:4] == bytes(range(4))
    assert {right["vhost"] for right in made["permissions"]} == {"ours"}
    agent = made["permissions"][1]
    assert re.fullmatch(agent["read"], "tasks.writer")
    assert not re.fullmatch(agent["read"], "tasks.writer2")
    assert not re.fullmatch(agent["read"], "tasksXwriter")
    assert re.fullmatch(agent["write"], OUTCOMES)
    assert not re.fullmatch(agent["write"], "sutazai.tasks")
    assert not re.fullmatch(agent["configure"], "tasks.writer")


@pytest.mark.parametrize("name", ["sutazai.tasks", OUTCOMES, DEAD, "tasks.writer"])
def test_core_may_all_that_is_ours_and_no_more(name: str) -> None:
    account = core_account("core", "x")
    for right in (account.configure, account.write, account.read):
        assert re.fullmatch(right, name)
        assert not re.fullmatch(right, f"amq.{name}")


def test_passwords_are_not_shown() -> None:
    assert "a secret" not in f"{NOWHERE!r} {NOWHERE} {Account('x', 'a secret')!r}"


def test_a_queue_has_the_exchange_that_a_right_can_name() -> None:
    assert exchange_of("tasks.writer") == "sutazai.tasks"
    assert [exchange_of(OUTCOMES), exchange_of(DEAD)] == [OUTCOMES, DEAD]
    with pytest.raises(ValueError, match="no queue named"):
        exchange_of("another")


def test_only_dead_never_refuses_a_message() -> None:
    bounds = Bounds()
    overflows = {q: arguments(q, bounds)["x-overflow"] for q in (DEAD, OUTCOMES, "tasks.a")}
    assert overflows == {DEAD: "drop-head", OUTCOMES: "reject-publish", "tasks.a": "reject-publish"}
    for queue in (OUTCOMES, "tasks.a"):
        assert arguments(queue, bounds)["x-dead-letter-strategy"] == "at-least-once"


async def test_a_thread_runs_what_it_is_given_and_ends() -> None:
    thread = await LoopThread.start("test of threads")
    seen: list[str] = []
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for _ in range(3):
        thread.mailbox.put(lambda: seen.append(threading.current_thread().name))
    thread.mailbox.put(lambda: loop.call_soon_threadsafe(done.set))
    await done.wait()
    assert seen == ["test of threads"] * 3
    await thread.aclose()
    assert "test of threads" not in {each.name for each in threading.enumerate()}
    await thread.aclose()
    thread.mailbox.put(seen.clear)  # nobody is there: dropped
    assert seen


async def test_a_mailbox_wakes_its_loop_once_for_all_that_is_put() -> None:
    loop = asyncio.get_running_loop()
    wakes = 0
    order: list[int] = []

    class Counting:
        def call_soon_threadsafe(self, call: object) -> None:
            nonlocal wakes
            wakes += 1
            loop.call_soon(call)  # type: ignore[arg-type]

    mailbox = Mailbox(Counting())  # type: ignore[arg-type]
    for number in range(5):
        mailbox.put(order.append, number)
    await asyncio.sleep(0)
    assert (wakes, order) == (1, [0, 1, 2, 3, 4])
    mailbox.put(order.append, 5)
    await asyncio.sleep(0)
    assert (wakes, order[-1]) == (2, 5)


async def test_a_call_that_fails_does_not_keep_the_others_from_running() -> None:
    loop = asyncio.get_running_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    mailbox, done = Mailbox(loop), asyncio.Event()
    mailbox.put(int, "no number")
    mailbox.put(done.set)
    async with asyncio.timeout(5):
        await done.wait()
    assert isinstance(failures[0]["exception"], ValueError)


async def test_without_a_server_a_publish_ends_in_time_and_says_why() -> None:
    settings = RabbitSettings(confirm_s=0.3)
    async with open_rabbit_bus(NOWHERE, name="alone", settings=settings) as bus:
        with pytest.raises(BusUnavailable, match="does not answer"):
            await bus.publish(OUTCOMES, [b"x"])
        assert "does not answer" in bus.problem
        async with bus.consume("tasks.writer", prefetch=1):
            pass  # opening and leaving wait for nobody
        with pytest.raises(ValueError, match="prefetch"):
            async with bus.consume("tasks.writer", prefetch=0):
                pass
        with pytest.raises(RuntimeError, match="not opened to declare"):
            await bus.declare(["writer"])
        waiting = asyncio.create_task(bus.publish(OUTCOMES, [b"x"]))
        await asyncio.sleep(0)
    with pytest.raises(BusUnavailable, match="closed"):
        await waiting
    assert bus.problem == "The bus is closed."


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (exceptions.ChannelClosedByBroker(404, "NOT_FOUND - no queue"), "it said NOT_FOUND"),
        (exceptions.ProbableAuthenticationError(), "user or the password"),
        (exceptions.ProbableAccessDeniedError(), "virtual host"),
        (exceptions.AMQPHeartbeatTimeout(), "silent"),
        (exceptions.StreamLostError(), "broke"),
        (exceptions.AMQPConnectionError(), "does not answer"),
    ],
)
def test_why_there_is_no_connection_is_said_in_words(reason: Exception, said: str) -> None:
    assert said in words(reason)
