"""Cutting a request to a model's context, by our own rule, and saying what was cut.

What stays, whatever happens: the system message and the newest message, but for parts of them
that carry a rank. What may go, in this order:

1. by rank, the lowest first;
2. earlier turns of the conversation (a user's message and its answers) have rank 0: the oldest
   first, and before parts of the same rank;
3. of parts with the same rank the last one first: passages stand best first.

The piece that makes the rest fit is shortened rather than dropped where it allows that. Where
nothing is left that may go, the request is refused: `ContextTooSmall`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sutazai_contracts.errors import ContextTooSmall
from sutazai_contracts.models import ChatMessage, Cut, CutPiece, ModelRequest

SHORTENED = " […]"
_TURN_RANK = 0
_WORTH_KEEPING = 24
_TRIES = 8
_SHORTEST_MARK = 40


class Counting(Protocol):
    """How the tokens of one model are counted."""

    @property
    def exact(self) -> bool:
        """Tell whether the model's own tokenizer counts."""

    async def texts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of texts, each alone."""

    async def prompt(self, messages: Sequence[ChatMessage]) -> int:
        """Count the tokens of a whole prompt, with what its template adds."""


@dataclass(frozen=True)
class Fitted:
    """Messages that fit, how many tokens they have, and what was cut of the ones asked for."""

    messages: tuple[ChatMessage, ...]
    tokens: int
    cut: Cut | None = None


@dataclass(frozen=True)
class _Piece:
    """Something that may go: a whole message (`part` None) or a part of one."""

    message: int
    part: int | None
    text: str
    shorten: bool


@dataclass(frozen=True)
class _Candidate:
    """Pieces that go together: a turn, or one part."""

    pieces: tuple[_Piece, ...]


async def fit(request: ModelRequest, num_ctx: int | None, counting: Counting) -> Fitted:
    """Cut a request until it leaves `max_tokens` of the context free for the answer.

    Args:
        request: what is asked.
        num_ctx: tokens of question and answer together; None: nobody says, so nothing is cut.
        counting: how tokens are counted.

    Raises:
        ContextTooSmall: what may not be cut does not fit.
    """
    tokens = await counting.prompt(request.messages)
    if num_ctx is None or tokens <= num_ctx - request.max_tokens:
        return Fitted(request.messages, tokens)
    return await _Cutting(request, num_ctx, counting).run(tokens)


class _Cutting:
    """The work of one cut."""

    def __init__(self, request: ModelRequest, num_ctx: int, counting: Counting) -> None:
        self._messages = request.messages
        self._num_ctx = num_ctx
        self._budget = num_ctx - request.max_tokens
        self._counting = counting
        self._kept: dict[tuple[int, int | None], str] = {}
        self._pieces: list[CutPiece] = []

    async def run(self, tokens: int) -> Fitted:
        candidates = _candidates(self._messages)
        messages = self._messages
        while tokens > self._budget:
            if not candidates:
                raise ContextTooSmall(
                    f"The question needs {tokens} tokens and leaves no room to cut: of the "
                    f"context of {self._num_ctx}, {max(0, self._budget)} are free for it.",
                    field="messages",
                )
            await self._drop(candidates.pop(0), tokens - self._budget)
            messages = self._left()
            tokens = await self._counting.prompt(messages)
        if not self._pieces:
            # Messages without a text were all that had to go.
            return Fitted(messages, tokens)
        cut = Cut(
            pieces=tuple(sorted(self._pieces, key=lambda piece: (piece.message, piece.part or 0))),
            num_ctx=self._num_ctx,
            exact=self._counting.exact,
        )
        return Fitted(messages, tokens, cut)

    async def _drop(self, candidate: _Candidate, excess: int) -> None:
        """Drop pieces, or shorten the one whose front may stay."""
        counts = await self._counting.texts([piece.text for piece in candidate.pieces])
        for piece, tokens in zip(candidate.pieces, counts, strict=True):
            kept = ""
            if piece.shorten and tokens - excess >= _WORTH_KEEPING:
                kept = await self._front(piece.text, tokens - excess)
            self._kept[piece.message, piece.part] = kept
            (left,) = await self._counting.texts([kept]) if kept else (0,)
            characters = len(piece.text) - len(kept.removesuffix(SHORTENED))
            if characters:
                self._pieces.append(
                    CutPiece(
                        message=piece.message,
                        part=piece.part,
                        characters=characters,
                        tokens=max(0, tokens - left),
                        dropped=not kept,
                    )
                )

    async def _front(self, text: str, tokens: int) -> str:
        """Give the longest front found, to a word's end, that has at most so many tokens."""
        low, high, found = 0, len(text), ""
        for _ in range(_TRIES):
            middle = (low + high) // 2
            front = text[:middle]
            at_word = front.rsplit(None, 1)[0] if " " in front[-_SHORTEST_MARK:] else front
            shown = at_word + SHORTENED
            (count,) = await self._counting.texts([shown])
            if count <= tokens:
                low, found = middle, shown
            else:
                high = middle
        return found

    def _left(self) -> tuple[ChatMessage, ...]:
        """Put together what is left; the newest message may not come out empty."""
        left = []
        for number, message in enumerate(self._messages):
            if self._kept.get((number, None)) == "":
                continue
            content = message.content
            if isinstance(content, tuple):
                parts = [
                    part.model_copy(update={"text": self._kept.get((number, place), part.text)})
                    for place, part in enumerate(content)
                ]
                content = tuple(part for part in parts if part.text)
            left.append(message.model_copy(update={"content": content}))
        if not left[-1].text.strip():
            raise ContextTooSmall(
                f"Nothing of the question fits into the context of {self._num_ctx} tokens.",
                field="messages",
            )
        return tuple(left)


def _candidates(messages: Sequence[ChatMessage]) -> list[_Candidate]:
    """List what may go, in the order in which it goes."""
    ranked: list[tuple[tuple[int, int, int, int], _Candidate]] = []
    newest = len(messages) - 1
    for turn in _turns(messages):
        pieces = tuple(_Piece(number, None, messages[number].text, False) for number in turn)
        ranked.append(((_TURN_RANK, 0, turn[0], 0), _Candidate(pieces)))
    for number, message in enumerate(messages):
        if isinstance(message.content, str) or (message.role != "system" and number != newest):
            continue
        for place, part in enumerate(message.content):
            if part.rank is not None and part.text:
                piece = _Piece(number, place, part.text, part.shorten)
                ranked.append(((part.rank, 1, -number, -place), _Candidate((piece,))))
    return [candidate for _, candidate in sorted(ranked, key=lambda entry: entry[0])]


def _turns(messages: Sequence[ChatMessage]) -> list[list[int]]:
    """Group what stands between the system message and the newest one into turns."""
    turns: list[list[int]] = []
    for number, message in enumerate(messages[:-1]):
        if message.role == "system":
            continue
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(number)
    return turns


def shown(fitted: Fitted) -> list[dict[str, str]]:
    """Give messages as runtimes take them: role and text."""
    return [{"role": message.role, "content": message.text} for message in fitted.messages]
