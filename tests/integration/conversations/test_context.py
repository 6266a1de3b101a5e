"""What goes with a question of what was said before: within a budget, said, and never stale."""

import json
from uuid import UUID

import pytest

from sutazai.adapters.cache.inprocess import InProcessCache
from sutazai.core.conversations.context import cache_key
from sutazai_contracts.errors import NotFound
from sutazai_contracts.tasks import Refused
from tests.integration.conversations.talk import Talk, answered, open_talk
from tests.support.database import TestDatabase

STALE = pytest.mark.requirement("B4", part="conversation context: never stale")


async def history(talk: Talk, conversation: UUID, text: str = "And now?") -> list[tuple[str, str]]:
    """Ask, and give what the agent is told of what was said before."""
    claim = await talk.ask(conversation, text)
    return [(each["question"], each["answer"]) for each in claim.input["history"]]


async def test_what_was_said_goes_with_a_question_oldest_first(talk: Talk) -> None:
    conversation = await talk.begin()
    assert await history(talk, conversation, "One?") == []
    assert await history(talk, conversation, "Two?") == [("One?", "Answer to One?")]
    assert await history(talk, conversation) == [
        ("One?", "Answer to One?"),
        ("Two?", "Answer to Two?"),
    ]
    question, answer = (await talk.messages(conversation))[-2:]
    assert question.context == answer.context
    assert question.context == {
        "used": 4,
        "dropped": 0,
        "tokens": 8,
        "budget": 100,
        "counted_by": f"embedder {talk.conversations.contexts.counter.embeddings.model.name}",
    }
    assert answer.run is not None
    run = await talk.runs.get(talk.owner.tenant, answer.run)
    assert (run.context, run.conversation) == (answer.context, conversation)


async def test_what_does_not_fit_is_left_out_and_that_is_said(
    database: TestDatabase, cache: InProcessCache
) -> None:
    talk = await open_talk(database, cache, budget=10)
    conversation = await talk.begin()
    for number in range(3):
        await talk.ask(conversation, f"Is {number} odd?", answered("one two three four five"))
    # The newest exchange has 8 words; of the one before the question would fit no more.
    assert await history(talk, conversation) == [("Is 2 odd?", "one two three four five")]
    context = (await talk.messages(conversation))[-1].context
    assert context is not None
    assert (context["used"], context["dropped"], context["tokens"]) == (2, 4, 8)


async def test_a_question_may_fit_where_its_answer_does_not(
    database: TestDatabase, cache: InProcessCache
) -> None:
    talk = await open_talk(database, cache, budget=10)
    conversation = await talk.begin()
    await talk.ask(conversation, "Is it odd?", answered("word " * 11))
    assert await history(talk, conversation) == [("Is it odd?", "")]
    context = (await talk.messages(conversation))[-1].context
    assert context is not None
    assert (context["used"], context["dropped"], context["tokens"]) == (1, 1, 3)


async def test_without_a_budget_each_question_stands_alone(
    database: TestDatabase, cache: InProcessCache
) -> None:
    talk = await open_talk(database, cache, budget=0)
    conversation = await talk.begin()
    await talk.ask(conversation, "Is it odd?")
    assert await history(talk, conversation) == []
    context = (await talk.messages(conversation))[-1].context
    assert context is not None
    assert (context["used"], context["dropped"], context["tokens"]) == (0, 2, 0)


async def test_an_answer_goes_with_it_that_says_something(talk: Talk) -> None:
    conversation = await talk.begin()
    quote = {"quote": "From nine to five.", "n": 1}
    extract = answered("“From …” [1]", kind="extract", citations=[quote])
    await talk.ask(conversation, "One?", answered("At nine [1] [22]. Not [x]."))
    await talk.ask(conversation, "Two?", answered("Nothing fits.", grounded=False))
    await talk.ask(conversation, "Three?", Refused(reason="no"))
    await talk.ask(conversation, "Four?", extract)
    assert await history(talk, conversation) == [
        ("One?", "At nine. Not [x]."),
        ("Two?", ""),
        ("Three?", ""),
        ("Four?", "From nine to five."),
    ]


@STALE
async def test_what_came_since_a_conversation_was_read_is_in_its_context(talk: Talk) -> None:
    conversation = await talk.begin()
    await talk.ask(conversation, "One?")
    read_before = await talk.read(conversation)
    await talk.ask(conversation, "Two?")
    await talk.post_to(read_before, "Three?")
    claim = await talk.claim()
    assert [each["question"] for each in claim.input["history"]] == ["One?", "Two?"]


@STALE
async def test_a_cache_that_kept_something_old_is_not_believed(
    talk: Talk, cache: InProcessCache
) -> None:
    conversation = await talk.begin()
    await talk.ask(conversation, "One?")
    await talk.ask(conversation, "Two?")
    kept = await cache.get(cache_key(conversation))
    assert kept is not None
    await talk.ask(conversation, "Three?")
    # As a process would leave it that was slow, or whose Redis was away meanwhile.
    await cache.put(cache_key(conversation), kept, 60)
    assert [one for one, _ in await history(talk, conversation)] == ["One?", "Two?", "Three?"]
    for broken in (b"", b"{}", b"[1]", b"\xff"):
        await cache.put(cache_key(conversation), broken, 60)
        assert len(await history(talk, conversation)) >= 4


async def test_what_is_kept_is_used_as_long_as_it_is_right(
    talk: Talk, cache: InProcessCache
) -> None:
    conversation = await talk.begin()
    await talk.ask(conversation, "One?")
    found = await talk.read(conversation)
    first = await talk.conversations.contexts.of(talk.owner, found)
    value = json.loads(await cache.get(cache_key(conversation)) or b"")
    value["history"][0]["answer"] = "It was read from the cache."
    await cache.put(cache_key(conversation), json.dumps(value).encode(), 60)
    again = await talk.conversations.contexts.of(talk.owner, found)
    assert first.history[0].answer == "Answer to One?"
    assert again.history[0].answer == "It was read from the cache."
    # A title is no part of it: what is kept stays right.
    renamed = await talk.conversations.rename(talk.owner, conversation, "Other")
    assert await talk.conversations.contexts.of(talk.owner, renamed) == again


@STALE
async def test_of_what_is_removed_nothing_is_kept(talk: Talk, cache: InProcessCache) -> None:
    conversation = await talk.begin()
    await talk.ask(conversation, "One?")
    await talk.ask(conversation, "Two?")
    assert await cache.get(cache_key(conversation)) is not None
    await talk.conversations.delete(talk.owner, conversation)
    assert await cache.get(cache_key(conversation)) is None
    with pytest.raises(NotFound):
        await talk.read(conversation)
