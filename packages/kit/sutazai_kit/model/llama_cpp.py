"""llama.cpp in this process, on one GGUF file, by the wheel `xllamacpp`.

The wheel runs llama.cpp's own server on threads of its own. It listens on a Unix socket in a
folder that only this user may enter, and on no port; here it is spoken to as any other runtime,
so a call that is closed ends the generation, between two batches of a prompt or after a token.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sutazai_contracts.errors import InvalidInput, ModelNotFound, ModelUnavailable
from sutazai_contracts.models import (
    Capabilities,
    ChatMessage,
    ModelInfo,
    ModelRequest,
    RuntimeInfo,
)
from sutazai_kit.http_client import HttpClient
from sutazai_kit.model.answering import Answering, Ended, Prepared
from sutazai_kit.model.chat import chat, chat_body, refusal
from sutazai_kit.model.fit import Counting
from sutazai_kit.model.grammar import gbnf
from sutazai_kit.model.http import call, open_client
from sutazai_kit.model.port import Model
from sutazai_kit.model.price import Price

ADVICE = (
    "A better model: name another GGUF file in the settings, or run Ollama, which is used "
    "where it answers."
)
# Far more than the templates of common models add, a default system message of theirs included.
_TEMPLATE_TOKENS, _MESSAGE_TOKENS = 512, 64


class LlamaCppConfig(BaseModel):
    """Which file to run, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["llama_cpp"] = "llama_cpp"
    path: Path = Field(description="The GGUF file.")
    name: str | None = Field(default=None, description="What it is called; None: as the file is.")
    num_ctx: int = Field(
        default=4096, ge=64, description="Context of each answer; at most the model's."
    )
    slots: int = Field(default=1, ge=1, le=16, description="Answers it works on at once.")
    threads: int = Field(default=1, ge=1, description="Threads of the computation.")
    batch: int = Field(
        default=32,
        ge=1,
        description="Prompt tokens between two looks at whether the call was cancelled.",
    )
    repack: bool = Field(
        default=True,
        description="Whether weights are copied into a form this processor reads faster: "
        "about twice the memory.",
    )
    silence_s: float = Field(
        default=600, gt=0, description="Seconds without a byte after which it counts as gone."
    )
    prices: dict[str, Price] = Field(default_factory=dict, description="By model.")

    @property
    def shown_name(self) -> str:
        """Give what the model is called."""
        return self.name or self.path.stem


class _Exact:
    """Count by the model's own tokenizer and template."""

    exact = True

    def __init__(self, client: HttpClient, enough: int) -> None:
        """Take the client, and up to how many tokens nobody needs to know it exactly."""
        self._client = client
        self._enough = enough

    async def texts(self, texts: Sequence[str]) -> list[int]:
        return [await self._tokens(text, special=False) for text in texts]

    async def prompt(self, messages: Sequence[ChatMessage]) -> int:
        # No token is less than a byte, so what is this short fits, and is counted as it is read.
        size = sum(len(message.text.encode("utf-8", "replace")) for message in messages)
        most = size + _TEMPLATE_TOKENS + _MESSAGE_TOKENS * len(messages)
        if most <= self._enough:
            return most
        told = [{"role": message.role, "content": message.text} for message in messages]
        answer = await call(self._client, "POST", "/apply-template", refusal, {"messages": told})
        return await self._tokens(str(answer.get("prompt", "")), special=True)

    async def _tokens(self, text: str, *, special: bool) -> int:
        body = {"content": text, "add_special": special, "parse_special": special}
        answer = await call(self._client, "POST", "/tokenize", refusal, body)
        return len(answer.get("tokens") or [])


class LlamaCppModel(Answering, Model):
    """Run one GGUF file; made by `open_llama_cpp`."""

    def __init__(self, client: HttpClient, config: LlamaCppConfig, meta: dict[str, Any]) -> None:
        """Take a client to the server, the settings, and what the server told of the file."""
        super().__init__()
        self._client = client
        self._config = config
        self._meta = meta
        self._num_ctx = min(config.num_ctx, meta.get("n_ctx_train") or config.num_ctx)

    def _price(self, model: str) -> Price | None:
        return self._config.prices.get(model)

    async def runtime(self) -> RuntimeInfo:
        """Tell which llama.cpp this is."""
        self._check_open()
        import xllamacpp  # type: ignore[import-untyped]

        return RuntimeInfo(
            provider="llama_cpp",
            version=f"xllamacpp {xllamacpp.__version__}",
            place=str(self._config.path),
            hosted=False,
            advice=ADVICE,
        )

    async def models(self) -> list[ModelInfo]:
        """Give the one model that the file holds."""
        self._check_open()
        weights = self._meta.get("n_params")
        return [
            ModelInfo(
                name=self._config.shown_name,
                provider="llama_cpp",
                capabilities=Capabilities(
                    context_tokens=self._meta.get("n_ctx_train"), json_schema=True
                ),
                size_bytes=self._meta.get("size"),
                parameters=None if weights is None else _in_words(int(weights)),
                quantization=str(self._meta.get("ftype") or "").removeprefix("(guessed) ") or None,
            )
        ]

    async def aclose(self) -> None:
        """Close connections; the server ends with the block of `open_llama_cpp`."""
        await super().aclose()
        await self._client.aclose()

    async def _context(self, request: ModelRequest) -> tuple[int | None, Counting]:
        if request.model != self._config.shown_name:
            raise ModelNotFound(
                f"There is no model {request.model}: the file in use is {self._config.shown_name}.",
                field="model",
            )
        num_ctx = min(request.num_ctx or self._num_ctx, self._num_ctx)
        return num_ctx, _Exact(self._client, num_ctx - request.max_tokens)

    def _generate(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        body = {**chat_body(prepared), "cache_prompt": True}
        if prepared.request.json_schema is not None:
            body["grammar"] = gbnf(prepared.request.json_schema)
        return chat(self._client, "/v1/chat/completions", body)


@asynccontextmanager
async def open_llama_cpp(config: LlamaCppConfig) -> AsyncIterator[LlamaCppModel]:
    """Read a GGUF file into this process and run it until the block ends.

    Raises:
        InvalidInput: there is no such file.
        ModelUnavailable: the wheel is not installed, or llama.cpp can't run the file.
    """
    if not await asyncio.to_thread(config.path.is_file):
        raise InvalidInput(f"There is no model file {config.path}.", field="path")
    # Short: the path of a Unix socket may have 107 bytes. Made for this user alone (0700).
    folder = Path(tempfile.mkdtemp(prefix="llm-"))
    server: list[object] = []
    try:
        socket = folder / "llama.sock"
        server.append(await asyncio.to_thread(_start, config, socket))
        client = open_client("http://llama", silence_s=config.silence_s, socket=socket)
        async with aclosing(client):
            told = await call(client, "GET", "/v1/models", refusal)
            meta = (told.get("data") or [{}])[0].get("meta") or {}
            model = LlamaCppModel(client, config, meta)
            try:
                yield model
            finally:
                await model.aclose()
    finally:
        # Its end waits for the server's threads: not on this one.
        await asyncio.shield(asyncio.to_thread(server.clear))
        shutil.rmtree(folder, ignore_errors=True)


def _start(config: LlamaCppConfig, socket: Path) -> object:
    try:
        # Imported on use: it is large, and only this provider needs it.
        import xllamacpp
    except ImportError as error:
        raise ModelUnavailable(
            "Running a GGUF file in this process needs the wheel: pip install xllamacpp."
        ) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(config.path)
    params.hostnames = [str(socket)]
    params.n_ctx = config.num_ctx * config.slots
    params.n_parallel = config.slots
    params.n_batch = params.n_ubatch = config.batch
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = config.threads
    params.no_extra_bufts = not config.repack
    # What the server would offer beyond answering, and a cache of prompts of up to 8 GB.
    params.ui = params.endpoint_props = False
    params.cache_ram_mib = 0
    params.verbosity = 0
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise ModelUnavailable(f"llama.cpp can't run {config.path}: {error}") from error


def _in_words(weights: int) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if weights >= size:
            return f"{weights / size:.3g}{letter}"
    return str(weights)
