"""An answer by a model: what it is asked, and what of its text can be used."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from sutazai_agents.claims import marks_inside
from sutazai_agents.prompts import prompt
from sutazai_agents.said import shown
from sutazai_contracts.conversations import Exchange
from sutazai_contracts.errors import ModelUnavailable
from sutazai_contracts.knowledge import Passage
from sutazai_contracts.models import ChatMessage, Cut, ModelRequest, Part
from sutazai_kit import AgentContext
from sutazai_kit.model.port import Finished
from sutazai_kit.slots.port import Chosen

_MOST_TOKENS = 400
# With the wait in line. Two cores read a long prompt in 100 s and write the answer in 30 s.
_DEADLINE_S = 300.0
# The part of a small context that is kept free for the answer.
_SHARE_FOR_ANSWER = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model wrote, whether to its own end, and which passages it saw nothing of."""

    text: str
    is_whole: bool
    unread: frozenset[int]
    cut: Cut | None


async def draft(
    question: str,
    passages: Sequence[Passage],
    chosen: Chosen,
    ctx: AgentContext,
    history: Sequence[Exchange] = (),
    on_its_way: Callable[[], object] = lambda: None,
) -> Draft:
    """Ask a model, and let those who watch read along.

    Args:
        question: what is asked.
        passages: best first; the last ones are cut first where they do not fit.
        chosen: the model.
        ctx: of the task.
        history: what was said before, oldest first, which tells what the question means.
        on_its_way: called once people read: something was said, and another piece came.

    Raises:
        ModelUnavailable: the model said nothing in time, or does not answer.
        SutazaiError: what else the model port and the line raise.
    """
    pieces: list[str] = []
    spaces, begun = "", False
    request = asked(question, passages, chosen, history)
    before = _before(history, len(passages))
    async with aclosing(ctx.models.stream(chosen, request)) as answer:
        async for event in answer:
            if isinstance(event, Finished):
                text = marks_inside("".join(pieces)).strip()
                if event.reason == "cancelled" and not text:
                    raise ModelUnavailable(f"The model {chosen.model} did not answer in time.")
                return Draft(
                    text, event.reason == "stop", _unread(event.cut, len(before)), event.cut
                )
            pieces.append(event.text)
            # Space at either end is not kept, so it waits for what it stands before.
            piece = spaces + event.text if begun else event.text.lstrip()
            spaces = piece[len(piece.rstrip()) :]
            await ctx.say(piece.rstrip())
            if begun:
                on_its_way()
            begun = begun or bool(piece)
    return Draft(marks_inside("".join(pieces)).strip(), False, frozenset(), None)


def asked(
    question: str,
    passages: Sequence[Passage],
    chosen: Chosen,
    history: Sequence[Exchange] = (),
) -> ModelRequest:
    """Make the request: what was said before and numbered passages, which may be cut, and the
    question, which may not.

    What was said stands first and oldest first, so that a conversation that goes on begins with
    the same bytes, which the runtime has read already.
    """
    parts = [
        Part(text=_shown(number, passage), rank=len(passages) - number, shorten=True)
        for number, passage in enumerate(passages, 1)
    ]
    before, last = _before(history, len(passages)), Part(text=f"Question: {question}")
    room = _MOST_TOKENS
    if chosen.num_ctx is not None:
        room = min(room, max(1, chosen.num_ctx // _SHARE_FOR_ANSWER))
    return ModelRequest(
        model=chosen.model,
        messages=(
            ChatMessage(role="system", content=prompt("writer", "answer")),
            ChatMessage(role="user", content=(*before, *parts, last)),
        ),
        max_tokens=room,
        seed=0,
        deadline_s=_DEADLINE_S,
    )


def _before(history: Sequence[Exchange], passages: int) -> list[Part]:
    """Show what was said before, the oldest to be cut first.

    The newest is worth as much as the middle one of so many passages: the best ones outlast it.
    """
    if not history:
        return []
    oldest = passages // 2 - len(history)
    said = [Part(text=shown(exchange), rank=rank) for rank, exchange in enumerate(history, oldest)]
    return [Part(text="Said before:\n"), *said, Part(text="\nPassages:\n")]


def _shown(number: int, passage: Passage) -> str:
    place = " > ".join((passage.document.name, *passage.heading_path))
    return f"[{number}] {place}\n{passage.text.strip()}\n\n"


def _unread(cut: Cut | None, before: int) -> frozenset[int]:
    """Give the numbers of the passages of which nothing was sent; `before` parts are none."""
    pieces = cut.pieces if cut is not None else ()
    dropped = (piece.part for piece in pieces if piece.dropped and piece.part is not None)
    return frozenset(part - before + 1 for part in dropped if part >= before)
