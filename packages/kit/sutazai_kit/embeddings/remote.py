"""What embedders have in common that are a service of their own: Ollama, OpenAI's format."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sutazai_contracts.embedder import MAX_EMBED_CHARACTERS
from sutazai_contracts.errors import EmbedderUnavailable, InvalidInput, ModelUnavailable
from sutazai_contracts.knowledge import EmbeddingModel
from sutazai_kit.embeddings.checking import Reference, check_vectors
from sutazai_kit.embeddings.counting import Estimate
from sutazai_kit.http_client import HttpClient

SPECIAL_TOKENS = 2
_SHORTEST_NORM = 1e-6
_NOT_OPEN = "The embedder was closed."


class RemoteConfig(BaseModel):
    """How to ask a service for embeddings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, description="The model's name there.")
    base_url: str = Field(description="Where it answers.")
    dimension: int | None = Field(
        default=None, ge=1, description="Asked of models that offer several; None: the model's own."
    )
    max_tokens: int | None = Field(
        default=None, ge=8, description="Longest input; None: as the service tells."
    )
    texts_per_call: int = Field(default=16, ge=1, le=256, description="Texts in one call.")
    silence_s: float = Field(
        default=300, gt=0, description="Seconds without a byte after which it counts as gone."
    )
    interactive_s: float = Field(
        default=15, gt=0, description="Seconds that a call which a person waits for may take."
    )
    allow_egress: bool = Field(default=False, description="Whether texts may leave this machine.")


@dataclass(frozen=True)
class Told:
    """What a service answered: a vector a text, and the tokens of all texts where it counts."""

    vectors: Sequence[Sequence[float]]
    tokens: int | None = None


class RemoteEmbeddings(ABC):
    """An embedder that is a service; how it is asked is the provider's, the rest is here.

    Texts go in small calls, and batch calls one after another, so that a question never waits
    behind more than one of them.
    """

    def __init__(self, client: HttpClient, config: RemoteConfig) -> None:
        """Take a client with its base URL, and the settings; `begin` has to follow."""
        self._client = client
        self._config = config
        self._model: EmbeddingModel | None = None
        self._estimate = Estimate()
        self._limit = SPECIAL_TOKENS
        self._batch = asyncio.Lock()
        self._closed = False

    @property
    def model(self) -> EmbeddingModel:
        """Tell which model this is."""
        if self._model is None:
            raise EmbedderUnavailable("The embedder was not reached yet.")
        return self._model

    async def begin(self, references: Iterable[Reference]) -> None:
        """Learn of the model what is to be known, and check its vectors.

        Args:
            references: what models of certain names have to give.

        Raises:
            EmbedderUnavailable: the service does not answer, or its vectors are not to be used.
            ModelNotFound: it has no such model.
        """
        names, revision, longest = await self._identify()
        self._limit = (self._config.max_tokens or longest) - SPECIAL_TOKENS
        probe = await check_vectors(self._probe, names, references)
        self._model = EmbeddingModel(
            name=names[0],
            revision=revision,
            dimension=probe.shape[1],
            max_tokens=self._limit + SPECIAL_TOKENS,
        )

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        """Embed texts: shape `(len(texts), dimension)`, float32, each row of unit length.

        Text past the model's limit, by the estimate that `count_tokens` gives, is cut.

        Raises:
            EmbedderUnavailable: the service does not answer.
            ModelMismatch: it has another model of that name now.
            InvalidInput: a text is no valid Unicode.
        """
        _check_unicode(texts)
        dimension = self.model.dimension
        if not interactive:
            return await self._embed(texts, dimension, interactive=False)
        try:
            async with asyncio.timeout(self._config.interactive_s):
                return await self._embed(texts, dimension, interactive=True)
        except TimeoutError as error:
            raise EmbedderUnavailable(
                f"The embedder gave no answer within {self._config.interactive_s:g} seconds."
            ) from error

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Estimate the tokens of texts, rather too many, special tokens left out."""
        _check_unicode(texts)
        self._check_open()
        return [self._estimate.count(text) for text in texts]

    async def check(self) -> None:
        """Raise `EmbedderUnavailable` where the service does not answer now."""
        self._check_open()
        with as_embedder():
            await self._ping()

    async def aclose(self) -> None:
        """Close connections; what is asked later raises `EmbedderUnavailable`."""
        self._closed = True
        await self._client.aclose()

    @abstractmethod
    async def _identify(self) -> tuple[Sequence[str], str, int]:
        """Ask for the model's names, the one that is kept first, its revision, its longest input.

        Raises `ModelNotFound` where there is no such model.
        """

    @abstractmethod
    async def _ask(self, texts: Sequence[str]) -> Told:
        """Ask for vectors in the service's own format."""

    @abstractmethod
    async def _ping(self) -> None:
        """Ask the service something that costs nothing."""

    async def _probe(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts while the dimension is not known, and learn how tokens are counted."""
        told = await self._told(texts)
        if told.tokens is not None:
            # Some count special tokens and some do not: rather too many than too few.
            self._estimate.learn(texts, told.tokens)
        width = len(told.vectors[0]) if told.vectors else 0
        return unit_rows(told.vectors, (len(texts), self._config.dimension or width))

    async def _embed(
        self, texts: Sequence[str], dimension: int, *, interactive: bool
    ) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), dimension), np.float32)
        step = self._config.texts_per_call
        self._check_open()
        for first in range(0, len(texts), step):
            group = [self._fit(text) for text in texts[first : first + step]]
            if interactive:
                told = await self._told(group)
            else:
                async with self._batch:
                    told = await self._told(group)
            shape = (len(group), dimension)
            vectors[first : first + len(group)] = unit_rows(told.vectors, shape)
        return vectors

    async def _told(self, texts: Sequence[str]) -> Told:
        self._check_open()
        with as_embedder():
            return await self._ask(texts)

    def _fit(self, text: str) -> str:
        return self._estimate.fitting(text[:MAX_EMBED_CHARACTERS], self._limit)

    def _check_open(self) -> None:
        if self._closed:
            raise EmbedderUnavailable(_NOT_OPEN)


@contextmanager
def as_embedder() -> Iterator[None]:
    """Turn the errors of a model runtime into those of an embedder."""
    try:
        yield
    except ModelUnavailable as error:
        raise EmbedderUnavailable(f"The embedder: {error.message}") from error


def unit_rows(rows: Any, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Make a matrix of a service's vectors, each of unit length.

    Raises:
        EmbedderUnavailable: they are not of this shape, or one has no direction.
    """
    try:
        vectors = np.array(rows, np.float32).reshape(len(rows), -1)
    except (TypeError, ValueError) as error:
        raise EmbedderUnavailable("The embedder's answer holds no vectors.") from error
    if vectors.shape != shape:
        raise EmbedderUnavailable(
            f"The embedder gave {vectors.shape[0]} vectors of {vectors.shape[1]} numbers, and "
            f"{shape[0]} of {shape[1]} were asked for."
        )
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(norms) & (norms > _SHORTEST_NORM)).all():
        raise EmbedderUnavailable("The embedder gave a vector that has no direction.")
    return np.asarray(vectors / norms, np.float32)


def _check_unicode(texts: Sequence[str]) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                "A text holds half of a surrogate pair, which is no character.", field="texts"
            ) from error
