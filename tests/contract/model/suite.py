"""What every provider of the model port does, wherever the model runs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from pydantic import BaseModel, Field

from sutazai_contracts.errors import (
    ContextTooSmall,
    InvalidInput,
    ModelNotFound,
    ModelUnavailable,
)
from sutazai_contracts.models import ChatMessage, ModelRequest, Part
from sutazai_kit.model.port import Delta, Finished, Model

Busy = Callable[[], Awaitable[bool]]
WORDS = "the keeper of the lighthouse made his way up to the lamp and saw a ship"
PATIENCE = 10.0


class Verdict(BaseModel):
    """What a reviewer says of a claim."""

    claim: str = Field(max_length=40)
    supported: bool
    confidence: int = Field(ge=1, le=10)
    sources: list[int] = Field(max_length=3)


DICTIONARY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["claim", "question"]},
        "note": {"type": ["string", "null"], "maxLength": 20},
    },
}


def question(model: str, text: str = "Tell me of the lighthouse.", **fields: Any) -> ModelRequest:
    """Build a request of one message."""
    message = ChatMessage(role="user", content=text)
    return ModelRequest.model_validate({"model": model, "messages": [message], **fields})


def conversation(model: str, turns: int, **fields: Any) -> ModelRequest:
    """Build a request of a system message, turns and a question."""
    messages = [ChatMessage(role="system", content="You answer in short words.")]
    for number in range(turns):
        messages.append(ChatMessage(role="user", content=f"{number} {WORDS}"))
        messages.append(ChatMessage(role="assistant", content=f"{WORDS} {number}"))
    messages.append(ChatMessage(role="user", content="And who was it?"))
    return ModelRequest.model_validate({"model": model, "messages": messages, **fields})


async def until(condition: Busy, wanted: bool, seconds: float = PATIENCE) -> float:
    """Wait until a condition is as wanted; give the seconds it took."""
    start = time.monotonic()
    while await condition() is not wanted:
        assert time.monotonic() - start < seconds, f"still {not wanted} after {seconds} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - start


class ModelContract:
    """Subclasses give these fixtures.

    `model`, open, and the `name` of what it runs; `unavailable`, whose runtime is gone; `busy`,
    which tells whether the runtime works on an answer; `endless`, a request that takes long.
    """

    async def test_pieces_join_to_the_whole_answer(self, model: Model, name: str) -> None:
        request = question(name, max_tokens=16, seed=1)
        pieces: list[str] = []
        ends: list[Finished] = []
        async with aclosing(model.stream(request)) as answer:
            async for event in answer:
                assert not ends, "nothing comes after the end"
                if isinstance(event, Finished):
                    ends.append(event)
                else:
                    assert isinstance(event, Delta)
                    assert event.text
                    pieces.append(event.text)
        (end,) = ends
        whole = await model.complete(request)
        assert len(pieces) > 1
        assert "".join(pieces) == whole.text
        assert end.reason == whole.reason
        assert end.usage.completion_tokens == whole.usage.completion_tokens

    async def test_what_a_call_costs_is_counted(self, model: Model, name: str) -> None:
        short = (await model.complete(question(name, "the lamp", max_tokens=8))).usage
        long = (await model.complete(question(name, f"{WORDS} {WORDS}", max_tokens=8))).usage
        assert long.prompt_tokens > short.prompt_tokens + 20
        assert short.completion_tokens == 8
        assert short.exact
        assert short.first_token_s is not None
        assert 0 < short.first_token_s <= short.total_s < PATIENCE

    async def test_an_answer_ends_at_its_bound(self, model: Model, name: str) -> None:
        answer = await model.complete(question(name, max_tokens=5))
        assert (answer.reason, answer.usage.completion_tokens) == ("length", 5)
        longer = await model.complete(question(name, max_tokens=9))
        assert longer.text.startswith(answer.text)

    async def test_a_stop_text_ends_an_answer_and_is_left_out(
        self, model: Model, name: str
    ) -> None:
        whole = (await model.complete(question(name, max_tokens=16))).text
        stop = whole[10:14]
        answer = await model.complete(question(name, max_tokens=16, stop=["\u2603", stop]))
        assert answer.reason == "stop"
        assert answer.text.strip() == whole.partition(stop)[0].strip()

    async def test_the_same_request_gets_the_same_answer(self, model: Model, name: str) -> None:
        request = question(name, max_tokens=16, temperature=0, seed=7)
        answers = {(await model.complete(request)).text for _ in range(3)}
        assert len(answers) == 1
        assert answers.pop()

    async def test_answers_at_once_do_not_mix(self, model: Model, name: str) -> None:
        requests = [question(name, f"{n} {WORDS}", max_tokens=12, seed=1) for n in range(4)]
        alone = [(await model.complete(request)).text for request in requests]
        together = await asyncio.gather(*(model.complete(request) for request in requests))
        assert [answer.text for answer in together] == alone

    async def test_a_closed_stream_ends_the_generation(
        self, model: Model, name: str, busy: Busy, endless: ModelRequest
    ) -> None:
        async with aclosing(model.stream(endless)) as answer:
            assert isinstance(await anext(answer), Delta)
            assert await busy()
        await until(busy, False, 2.0)
        assert (await model.complete(question(name, max_tokens=3))).text

    async def test_a_cancelled_task_ends_the_generation(
        self, model: Model, busy: Busy, endless: ModelRequest
    ) -> None:
        task = asyncio.create_task(model.complete(endless))
        await until(busy, True)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(busy, False, 2.0)

    async def test_the_deadline_breaks_an_answer_off(
        self, model: Model, busy: Busy, endless: ModelRequest
    ) -> None:
        answer = await model.complete(endless.model_copy(update={"deadline_s": 0.7}))
        assert answer.reason == "cancelled"
        assert 0.6 < answer.usage.total_s < 2
        assert answer.text
        assert answer.usage.completion_tokens > 0
        assert not answer.usage.exact
        await until(busy, False, 2.0)

    async def test_an_answer_holds_to_a_model(self, model: Model, name: str) -> None:
        for seed in range(5):
            request = question(name, max_tokens=300, temperature=1, seed=seed)
            answer = await model.structured(request, Verdict)
            assert isinstance(answer.value, Verdict)
            assert Verdict.model_validate_json(answer.text) == answer.value
            assert answer.usage.completion_tokens > 0

    async def test_an_answer_holds_to_a_schema(self, model: Model, name: str) -> None:
        answer = await model.structured(question(name, max_tokens=200), DICTIONARY_SCHEMA)
        assert set(answer.value) == {"kind", "note"}
        assert answer.value["kind"] in ("claim", "question")

    async def test_a_schema_without_an_end_is_refused(self, model: Model, name: str) -> None:
        with pytest.raises(InvalidInput, match="bounded"):
            await model.structured(question(name), {"type": "object"})

    async def test_what_does_not_fit_is_cut_and_said(self, model: Model, name: str) -> None:
        request = conversation(name, 30, max_tokens=8, num_ctx=400)
        answer = await model.complete(request)
        cut = answer.cut
        assert cut is not None
        assert cut.num_ctx == 400
        # Whole turns, the oldest first.
        gone = [piece.message for piece in cut.pieces]
        assert gone == list(range(1, len(gone) + 1))
        assert 0 < len(gone) < 60
        assert cut.messages == len(gone)
        texts = [message.text for message in request.messages]
        assert cut.characters == sum(len(texts[number]) for number in gone)
        assert cut.tokens > cut.messages
        assert answer.usage.prompt_tokens + 8 <= 400
        assert "did not fit" in str(cut)

    async def test_passages_are_cut_by_rank(self, model: Model, name: str) -> None:
        passages = tuple(
            Part(text=f"\n[{number}] {WORDS} {WORDS}", rank=1, shorten=True) for number in range(20)
        )
        content = (Part(text="Answer from these:"), *passages, Part(text="\nWho saw a ship?"))
        request = ModelRequest(
            model=name,
            messages=(ChatMessage(role="user", content=content),),
            max_tokens=8,
            num_ctx=400,
        )
        cut = (await model.complete(request)).cut
        assert cut is not None
        gone = [piece.part for piece in cut.pieces]
        # The last passages go; the first of those may be shortened.
        assert gone == list(range(gone[0] or 0, 21))
        assert (gone[0] or 0) > 1
        assert all(piece.dropped for piece in cut.pieces[1:])

    async def test_what_may_not_be_cut_is_refused(self, model: Model, name: str) -> None:
        with pytest.raises(ContextTooSmall, match="400"):
            await model.complete(question(name, WORDS * 40, max_tokens=8, num_ctx=400))

    async def test_what_fits_is_not_cut(self, model: Model, name: str) -> None:
        assert (await model.complete(conversation(name, 1, max_tokens=4))).cut is None

    async def test_counting_is_not_too_low(self, model: Model, name: str) -> None:
        one = await model.count_tokens(name, WORDS)
        two = await model.count_tokens(name, f"{WORDS} {WORDS}")
        assert len(WORDS.split()) <= one.tokens < two.tokens <= 2 * one.tokens + 2
        assert (await model.count_tokens(name, "")).tokens == 0

    async def test_models_are_listed_with_what_they_can_do(self, model: Model, name: str) -> None:
        found = {info.name.removesuffix(":latest"): info for info in await model.models()}
        assert found[name].capabilities.completion
        assert found[name].capabilities.json_schema

    async def test_the_runtime_is_told(self, model: Model, name: str) -> None:
        runtime = await model.runtime()
        assert runtime.provider == (await model.models())[0].provider
        assert not runtime.hosted
        assert runtime.place
        assert runtime.advice.endswith(".")

    async def test_half_a_character_is_refused(self, model: Model, name: str) -> None:
        with pytest.raises(InvalidInput, match="surrogate"):
            await model.complete(question(name, "bad \ud83d", max_tokens=3))

    async def test_other_scripts_go_in(self, model: Model, name: str) -> None:
        answer = await model.complete(question(name, "人工知能 🚀 Élodie \u2028 x", max_tokens=3))
        assert answer.usage.completion_tokens == 3

    async def test_an_unknown_model_is_not_found(self, model: Model) -> None:
        with pytest.raises(ModelNotFound, match="no-such-model"):
            await model.complete(question("no-such-model"))

    async def test_a_runtime_that_is_gone_is_unavailable(
        self, unavailable: Model, name: str
    ) -> None:
        with pytest.raises(ModelUnavailable):
            await unavailable.complete(question(name))
        with pytest.raises(ModelUnavailable):
            await unavailable.models()
        with pytest.raises(ModelUnavailable):
            await unavailable.runtime()

    async def test_a_closed_model_is_unavailable(self, model: Model, name: str) -> None:
        await model.aclose()
        with pytest.raises(ModelUnavailable, match="closed"):
            await model.complete(question(name))
        with pytest.raises(ModelUnavailable, match="closed"):
            await model.models()
