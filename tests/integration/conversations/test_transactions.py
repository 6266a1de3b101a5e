"""A question, its run and its answer are in the record together or not at all."""

import asyncio
from typing import Any

import pytest

from sutazai.core.conversations.ports import Posted
from sutazai.core.runs.model import RunStatus
from sutazai.core.runs.transitions import MAX_LOSSES
from sutazai_contracts.errors import (
    ConversationBusy,
    DatabaseUnavailable,
    IdempotencyMismatch,
    NotFound,
)
from sutazai_contracts.tasks import Crashed, Refused
from tests.integration.conversations.talk import Talk, answered, new_user, outcome

ALL_OF_IT = ("runs", "tasks", "events", "outbox", "turns", "messages")


def counts(talk: Talk) -> dict[str, Any]:
    return {name: talk.database.query(f"SELECT count(*) FROM {name}")[0][0] for name in ALL_OF_IT}


async def test_a_question_is_written_with_its_run_or_not_at_all(talk: Talk) -> None:
    conversation = await talk.begin()
    before = counts(talk)
    talk.forbid_messages("user")
    with pytest.raises(DatabaseUnavailable):
        await talk.post(conversation, "Anybody there?", "key")
    assert counts(talk) == before
    assert (await talk.read(conversation)).turns == 0
    talk.allow_messages()
    posted = await talk.post(conversation, "Anybody there?", "key")
    assert not posted.replayed
    after = counts(talk)
    assert {name: after[name] - before[name] for name in ALL_OF_IT} == dict.fromkeys(ALL_OF_IT, 1)


@pytest.mark.requirement("E6", part="conversation history: an answer is written as its run ends")
async def test_a_run_ends_with_its_answer_or_does_not_end(talk: Talk) -> None:
    conversation = await talk.begin()
    posted = await talk.post(conversation, "Anybody there?")
    claim = await talk.claim()
    talk.forbid_messages("assistant")
    with pytest.raises(DatabaseUnavailable):
        await talk.finish(claim, answered("Yes."))
    run = await talk.runs.get(talk.owner.tenant, posted.run)
    assert run.status is RunStatus.RUNNING
    assert len(await talk.messages(conversation)) == 1
    talk.allow_messages()
    done = outcome(claim, answered("Yes."))
    # Twice in one batch, and once again: the bus may deliver it as often as it likes.
    assert await talk.tasks.apply([done, done]) == 1
    assert await talk.tasks.apply([done]) == 0
    question, answer = await talk.messages(conversation)
    assert (answer.text, answer.status, answer.run) == ("Yes.", "succeeded", posted.run)
    assert (answer.kind, answer.grounded, answer.confidence) == ("generated", True, 7)
    assert (question.number, answer.number) == (1, 2)


async def test_an_end_without_an_answer_is_one(talk: Talk) -> None:
    conversation = await talk.begin()
    await talk.ask(conversation, "one", Refused(reason="no such thing"))
    await talk.post(conversation, "two")
    for _ in range(2):
        await talk.finish(await talk.claim(), Crashed(reason="it broke"))
    await talk.post(conversation, "three")
    for _ in range(MAX_LOSSES):
        await talk.claim()
        await talk.tasks.records.disown()
        assert await talk.tasks.take_back_lost() == 1
    posted = await talk.post(conversation, "four")
    await talk.runs.cancel(talk.owner.tenant, posted.run, "not wanted")
    answers = [each for each in await talk.messages(conversation) if each.role == "assistant"]
    assert [(each.status, each.error) for each in answers] == [
        ("failed", "step write: no such thing"),
        ("failed", "step write: it broke"),
        ("failed", f"step write: its worker was lost {MAX_LOSSES} times"),
        ("cancelled", "not wanted"),
    ]
    assert {each.text for each in answers} == {""}


async def test_a_result_of_any_form_is_an_answer(talk: Talk) -> None:
    conversation = await talk.begin()
    odd = answered("Well.", kind=7, grounded="yes", confidence=1000)
    await talk.ask(conversation, "one", odd)
    other = answered("").model_copy(update={"output": {"rows": [1, 2], "name": "é"}})
    await talk.ask(conversation, "two", other)
    _, first, _, second = await talk.messages(conversation)
    assert first.text == "Well."
    assert (first.kind, first.grounded, first.confidence) == (None, None, None)
    assert '"é"' in second.text


async def test_of_two_questions_at_once_one_is_taken(talk: Talk) -> None:
    conversation = await talk.begin()
    for turn in range(5):
        found = await talk.read(conversation)
        results = await asyncio.gather(
            *(talk.post_to(found, f"{turn} {n}") for n in range(4)), return_exceptions=True
        )
        taken = [each for each in results if isinstance(each, Posted)]
        assert len(taken) == 1
        assert all(isinstance(each, Posted | ConversationBusy) for each in results), results
        await talk.finish(await talk.claim(), answered("Well."))
    assert [each.number for each in await talk.messages(conversation)] == list(range(1, 11))


async def test_a_key_that_comes_again_at_once_asks_once(talk: Talk) -> None:
    conversation = await talk.begin()
    found = await talk.read(conversation)
    posted = await asyncio.gather(*(talk.post_to(found, "Who?", "key") for _ in range(4)))
    assert len({each.run for each in posted}) == 1
    assert sum(not each.replayed for each in posted) == 1
    with pytest.raises(IdempotencyMismatch):
        await talk.post(conversation, "Who else?", "key")
    with pytest.raises(IdempotencyMismatch):
        await talk.post(await talk.begin(), "Who?", "key")


async def test_nobody_of_the_tenant_asks_or_removes_for_another(talk: Talk) -> None:
    conversation = await talk.begin()
    posted = await talk.post(conversation, "Mine?")
    found, mine = await talk.read(conversation), talk.owner
    talk.owner = new_user(talk.database, mine.tenant)
    with pytest.raises(NotFound):
        await talk.post_to(found, "Theirs?")
    with pytest.raises(NotFound):
        await talk.conversations.delete(talk.owner, conversation)
    talk.owner = mine
    run = await talk.runs.get(mine.tenant, posted.run)
    assert run.status is RunStatus.PENDING


async def test_a_conversation_is_removed_whatever_happens_in_it(talk: Talk) -> None:
    """Its run ends, another question comes, it is removed: all at once, and none waits for ever."""
    for turn in range(12):
        conversation = await talk.begin()
        posted = await talk.post(conversation, "First?")
        claim = await talk.claim()
        found = await talk.read(conversation)
        results = await asyncio.gather(
            talk.finish(claim, answered("Well.")),
            talk.conversations.delete(talk.owner, conversation),
            talk.post_to(found, "Second?"),
            talk.runs.cancel(talk.owner.tenant, posted.run),
            return_exceptions=True,
        )
        bad = [
            each
            for each in results
            if isinstance(each, BaseException) and not isinstance(each, ConversationBusy | NotFound)
        ]
        assert bad == [], turn
        assert not isinstance(results[1], BaseException)
        with pytest.raises(NotFound):
            await talk.read(conversation)
        assert (await talk.runs.get(talk.owner.tenant, posted.run)).status.ended
    for table in ("messages", "turns", "conversations"):
        assert talk.database.query(f"SELECT count(*) FROM {table}") == [(0,)]
    unfinished = "SELECT count(*) FROM runs WHERE finished_at IS NULL"
    assert talk.database.query(unfinished) == [(0,)], "no run works for a conversation that is gone"
