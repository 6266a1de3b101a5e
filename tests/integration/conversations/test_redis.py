"""The context of conversations in a real Redis: quick with it, right without it."""

import json
from collections.abc import Iterator

import pytest

from sutazai.adapters.cache.redis import PREFIX, RedisCache
from sutazai.adapters.redis_client import ANSWER_S
from sutazai.core.conversations.context import cache_key
from tests.integration.conversations.talk import open_talk
from tests.support.database import TestDatabase
from tests.support.redis import RedisServer, link_to, redis_server

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.mark.requirement("B4", part="conversation context")
async def test_a_context_is_kept_in_redis_and_does_without(
    database: TestDatabase, server: RedisServer
) -> None:
    async with link_to(server) as link, server.plain() as client:
        talk = await open_talk(database, RedisCache(link))
        contexts = talk.conversations.contexts
        conversation = await talk.begin()
        await talk.ask(conversation, "One?")
        await contexts.of(talk.owner, await talk.read(conversation))
        key = PREFIX + cache_key(conversation)
        value = json.loads(await client.get(key) or "")
        assert (value["turns"], value["history"][0]["question"]) == (1, "One?")
        assert await client.pttl(key) > 0
        # What another process changed there meanwhile is what this one finds.
        value["history"][0]["answer"] = "Read from Redis."
        await client.set(key, json.dumps(value))
        await talk.post(conversation, "Two?")
        claim = await talk.claim()
        assert claim.input["history"][0]["answer"] == "Read from Redis."
    async with link_to(server, ANSWER_S) as link:
        lost = await open_talk(database, RedisCache(link))
        conversation = await lost.begin()
        with server.held_up():
            await lost.ask(conversation, "One?")
            second = await lost.ask(conversation, "Two?")
            assert [each["question"] for each in second.input["history"]] == ["One?"]
        # What Redis has of the time before is not what was said since.
        third = await lost.ask(conversation, "Three?")
        assert [each["question"] for each in third.input["history"]] == ["One?", "Two?"]
