"""The embeddings port over HTTP: the embedder's process, by a Unix socket or a URL."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sutazai_contracts.embedder import (
    DIMENSION_HEADER,
    MAX_EMBED_CHARACTERS,
    REVISION_HEADER,
    ROWS_HEADER,
    VECTORS_TYPE,
    check_socket_path,
    pieces,
)
from sutazai_contracts.errors import EmbedderUnavailable, InvalidInput, ModelMismatch, TooLarge
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.http_client import Answer, BrokenOff, HttpClient, HttpError, NotConnected

TEXTS_PER_CALL = 64
_CHARACTERS_PER_CALL = 1024 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25
_CONNECT_SECONDS = 2.0
_INTERACTIVE_SECONDS = 15.0
_HEADERS = {"content-type": "application/json"}


class HttpEmbeddings:
    """Speak to an embedder; made by `open_http_embeddings`."""

    def __init__(
        self,
        client: HttpClient,
        model: EmbeddingModel,
        *,
        patience: float,
        interactive_seconds: float = _INTERACTIVE_SECONDS,
    ) -> None:
        """Take a client with its base URL, the model it must stay, and seconds to wait."""
        self._client = client
        self._model = model
        self._patience = patience
        self._interactive_seconds = interactive_seconds

    @property
    def model(self) -> EmbeddingModel:
        """Tell which model this is."""
        return self._model

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts: shape `(len(texts), dimension)`, float32, each row of unit length.

        Args:
            texts: what to embed; the model cuts what is past its limit.
            interactive: whether a person waits: goes before waiting batch work, and is given up
                soon where no answer comes.

        Raises:
            EmbedderUnavailable: the embedder does not answer.
            ModelMismatch: it was restarted with another model.
            InvalidInput: a text is no valid Unicode.
        """
        if not interactive:
            return await self._embed(texts, interactive=False)
        # All of it, retries included: a limit of the client's starts anew with each byte.
        try:
            async with asyncio.timeout(self._interactive_seconds):
                return await self._embed(texts, interactive=True)
        except TimeoutError as error:
            raise EmbedderUnavailable(
                f"The embedder gave no answer within {self._interactive_seconds:g} seconds."
            ) from error

    async def _embed(self, texts: Sequence[str], *, interactive: bool) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self._model.dimension), np.float32)
        for first in range(0, len(texts), TEXTS_PER_CALL):
            group = [text[:MAX_EMBED_CHARACTERS] for text in texts[first : first + TEXTS_PER_CALL]]
            answer = await self._post("/embed", {"texts": group, "interactive": interactive})
            vectors[first : first + len(group)] = self._vectors(answer, len(group))
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens by the model's own tokenizer, special tokens left out.

        Raises what `embed` raises. A long text travels in pieces.
        """
        counts = [0] * len(texts)
        for call in _calls(texts):
            answer = await self._post("/count", {"texts": [piece for _, piece in call]})
            found = _json(answer).get("counts")
            if not isinstance(found, list) or len(found) != len(call):
                raise EmbedderUnavailable("The embedder's answer does not hold a count a text.")
            for (text, _), tokens in zip(call, found, strict=True):
                counts[text] += int(tokens)
        return counts

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        try:
            content = json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                "A text holds half of a surrogate pair, which is no character.", field="texts"
            ) from error
        answer = await _send(self._client, "POST", path, self._patience, content)
        revision = answer.headers.get(REVISION_HEADER)
        if revision != self._model.revision:
            raise ModelMismatch(
                f"The embedder runs revision {revision} now, and {self._model.revision} is in use."
            )
        return answer

    def _vectors(self, answer: Answer, rows: int) -> NDArray[np.float32]:
        shape = (rows, self._model.dimension)
        told = (answer.headers.get(ROWS_HEADER), answer.headers.get(DIMENSION_HEADER))
        kind = answer.headers.get("content-type")
        right = kind == VECTORS_TYPE and told == (str(rows), str(self._model.dimension))
        if not right or len(answer.content) != 4 * rows * self._model.dimension:
            raise EmbedderUnavailable(f"The embedder's answer is not a matrix of {shape}.")
        return np.frombuffer(answer.content, "<f4").reshape(shape)


@asynccontextmanager
async def open_http_embeddings(
    address: Path | str,
    *,
    patience: float = 3.0,
    answer_seconds: float = 300.0,
    interactive_seconds: float = _INTERACTIVE_SECONDS,
    token: str | None = None,
) -> AsyncIterator[HttpEmbeddings]:
    """Open an embedder and read which model it runs.

    Args:
        address: the path of its Unix socket, or its URL as a string.
        patience: seconds to go on trying while nothing accepts connections, at opening and at
            each call: a child that died is being restarted.
        answer_seconds: how long to wait for an answer; batch calls stand in a line.
        interactive_seconds: how long an interactive call may take in all.
        token: what the embedder asks of its callers, if anything.

    Raises:
        EmbedderUnavailable: nothing answers there, or it refuses the token.
        InvalidInput: the socket's path is too long for this system.
    """
    async with aclosing(_client(address, answer_seconds, token)) as client:
        answer = await _send(client, "GET", "/model", patience)
        try:
            model = EmbeddingModel.model_validate(_json(answer))
        except ValidationError as error:
            raise EmbedderUnavailable("What answers there is no embedder.") from error
        yield HttpEmbeddings(
            client, model, patience=patience, interactive_seconds=interactive_seconds
        )


def _client(address: Path | str, answer_seconds: float, token: str | None) -> HttpClient:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    if isinstance(address, str):
        base_url, socket = address, None
    else:
        check_socket_path(address)
        base_url, socket = "http://embedder", address
    return HttpClient(
        base_url,
        silence_s=answer_seconds,
        connect_s=_CONNECT_SECONDS,
        headers=headers,
        socket=socket,
    )


async def _send(
    client: HttpClient, method: str, path: str, patience: float, content: bytes | None = None
) -> Answer:
    """Send until it is answered; what was broken off is sent once more: it changes nothing."""
    clock = asyncio.get_running_loop().time
    end, pause, broken = clock() + patience, _FIRST_PAUSE, False
    while True:
        try:
            answer = await client.request(method, path, content=content, headers=_HEADERS)
            break
        except NotConnected as error:
            if clock() + pause > end:
                raise EmbedderUnavailable() from error
        except BrokenOff as error:
            if broken or clock() + pause > end:
                raise EmbedderUnavailable("The embedder broke off while it worked.") from error
            broken = True
        except HttpError as error:
            raise EmbedderUnavailable(f"The embedder does not answer: {error}") from error
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    if answer.is_success:
        return answer
    problem = _json(answer)
    raise _ERRORS.get(answer.status, EmbedderUnavailable)(
        f"The embedder refuses: {problem.get('detail', answer.status)}",
        field=problem.get("field"),
    )


_ERRORS = {413: TooLarge, 422: InvalidInput}


def _json(answer: Answer) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


def _calls(texts: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    """Group texts and the pieces of long ones into calls: the number of each text and a piece."""
    call: list[tuple[int, str]] = []
    size = 0
    for number, text in enumerate(texts):
        for piece in pieces(text, MAX_EMBED_CHARACTERS):
            call.append((number, piece))
            size += len(piece)
            if len(call) == TEXTS_PER_CALL or size >= _CHARACTERS_PER_CALL:
                yield call
                call, size = [], 0
    if call:
        yield call
