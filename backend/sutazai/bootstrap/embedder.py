"""The embedder that settings name: a process of this platform's own, or a service."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sutazai.adapters.minilm.reference import minilm_reference
from sutazai.bootstrap.processes.child import Child, ChildState, Supervised
from sutazai.bootstrap.processes.sockets import socket_folder
from sutazai.settings import EmbeddingSettings, Settings
from sutazai_contracts.errors import EmbedderUnavailable, InvalidInput
from sutazai_kit.embeddings.factory import EmbeddingsConfig, open_embeddings
from sutazai_kit.embeddings.http import open_http_embeddings
from sutazai_kit.embeddings.ollama import OllamaEmbeddingsConfig
from sutazai_kit.embeddings.openai_compatible import OpenAiEmbeddingsConfig
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.http_client import HttpClient, HttpError
from sutazai_kit.model.http import check_egress


@dataclass(frozen=True)
class OpenedEmbedder:
    """An embedder, and what raises `EmbedderUnavailable` where it does not answer now."""

    embeddings: Embeddings
    check: Callable[[], Awaitable[None]]


@asynccontextmanager
async def open_embedder(settings: Settings) -> AsyncIterator[OpenedEmbedder]:
    """Open the embedder that is set; the local one is a child process.

    Raises:
        InvalidInput: a setting that a service needs is missing.
        EgressRefused: a hosted service is set and egress is not switched on.
        EmbedderUnavailable: it does not answer, or its vectors are not to be used.
        ModelNotFound: a service has no such model.
    """
    config = embeddings_config(settings.embeddings, allow_egress=settings.egress.allow_egress)
    if config is not None:
        async with open_embeddings(config, [minilm_reference()]) as service:
            yield OpenedEmbedder(service, service.check)
        return
    async with (
        _open_child(settings) as child,
        open_http_embeddings(child.socket) as embeddings,
    ):
        yield OpenedEmbedder(embeddings, child.check)


def embeddings_config(given: EmbeddingSettings, *, allow_egress: bool) -> EmbeddingsConfig | None:
    """Give how the service that is set is asked; None: the local model is set.

    Raises:
        InvalidInput: a setting that the service needs is missing.
        EgressRefused: a hosted service is set and egress is not switched on.
    """
    if given.provider == "local":
        return None
    if not given.model:
        raise InvalidInput(f"{given.provider} embeds by a model: set SUTAZAI_EMBEDDINGS_MODEL.")
    asked = {
        "model": given.model,
        "dimension": given.dimension,
        "max_tokens": given.max_tokens,
        "allow_egress": allow_egress,
    }
    if given.provider == "ollama":
        named = {} if given.url is None else {"base_url": given.url}
        return OllamaEmbeddingsConfig.model_validate(
            {**asked, **named, "num_thread": given.num_thread}
        )
    if given.url is None:
        raise InvalidInput("openai_compatible needs an address: set SUTAZAI_EMBEDDINGS_URL.")
    check_egress(given.url, allow_egress)
    return OpenAiEmbeddingsConfig.model_validate(
        {**asked, "base_url": given.url, "api_key": given.api_key, "revision": given.revision}
    )


@dataclass(frozen=True)
class _Child:
    """The embedder's process and where it listens."""

    process: Supervised
    socket: Path

    async def check(self) -> None:
        """Raise where the embedder does not run, or runs and does not answer."""
        if self.process.state is not ChildState.RUNNING:
            raise EmbedderUnavailable(f"the embedder is {self.process.state}")
        if not await _answers(self.socket):
            raise EmbedderUnavailable("the embedder runs and does not answer")


@asynccontextmanager
async def _open_child(settings: Settings) -> AsyncIterator[_Child]:
    home = settings.home
    # A folder of its own: closing it to all others must not close the way to PostgreSQL's.
    socket = socket_folder(home / "run" / "embedder", "embedder.sock") / "embedder.sock"
    command = [
        *(sys.executable, "-m", "sutazai.entrypoints.embedder"),
        *("--socket", str(socket), "--models", str(settings.models_dir)),
        *("--threads", str(settings.models.embedder_threads)),
    ]
    child = Child(
        name="embedder",
        command=command,
        pid_path=home / "run" / "embedder.pid",
        ready=partial(_answers, socket),
        log_path=home / "logs" / "embedder.log",
    )
    async with Supervised(child) as process:
        yield _Child(process, socket)


async def _answers(socket: Path) -> bool:
    async with aclosing(HttpClient("http://embedder", silence_s=1.0, socket=socket)) as client:
        try:
            answer = await client.request("GET", "/health/ready")
        except HttpError:
            return False
    return answer.status == 200
