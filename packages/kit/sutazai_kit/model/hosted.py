"""What the providers share that may be services elsewhere: keys, egress, contexts, prices."""

from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sutazai_contracts.errors import ContextTooSmall
from sutazai_contracts.models import Capabilities, ModelInfo, ModelRequest, Provider, RuntimeInfo
from sutazai_kit.http_client import HttpClient
from sutazai_kit.model.answering import Answering, Ended, Prepared
from sutazai_kit.model.estimate import Estimated, fewest_tokens
from sutazai_kit.model.fit import Counting
from sutazai_kit.model.http import is_loopback
from sutazai_kit.model.price import Price

ADVICE = "A better model: name another one of this service in the settings."


class HostedConfig(BaseModel):
    """How to speak to a service."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="What the paths of its API are appended to.")
    api_key: SecretStr | None = Field(default=None, description="Sent with every call.")
    allow_egress: bool = Field(
        default=False, description="Whether it may be beyond this machine; else it is refused."
    )
    contexts: dict[str, int] = Field(
        default_factory=dict,
        description="Context of models in tokens. Of others the service has to refuse what does "
        "not fit; nothing is cut.",
    )
    prices: dict[str, Price] = Field(default_factory=dict, description="By model.")
    omit: frozenset[str] = Field(
        default=frozenset(),
        description="Fields of a call that this service's models refuse, such as `temperature`.",
    )
    silence_s: float = Field(
        default=300, gt=0, description="Seconds without a byte after which it counts as gone."
    )


class HostedModel(Answering):
    """A provider that may be a service elsewhere: it says how it is asked; the rest is here."""

    provider: Provider

    def __init__(self, client: HttpClient, config: HostedConfig) -> None:
        """Take a client with its base URL and key, and the settings."""
        super().__init__()
        self._client = client
        self._config = config
        self._counting: dict[str, Estimated] = {}

    async def runtime(self) -> RuntimeInfo:
        """Tell which service this is; none of these tells a version."""
        await self.models()
        return RuntimeInfo(
            provider=self.provider,
            place=self._config.base_url,
            hosted=not is_loopback(self._config.base_url),
            advice=ADVICE,
        )

    async def models(self) -> list[ModelInfo]:
        """List the service's models; what it does not tell is as the settings say."""
        self._check_open()
        return [
            ModelInfo(
                name=name,
                provider=self.provider,
                capabilities=Capabilities(
                    context_tokens=self._config.contexts.get(name), json_schema=True, tools=True
                ),
            )
            for name in sorted(await self._names())
        ]

    async def aclose(self) -> None:
        """Close connections."""
        await super().aclose()
        await self._client.aclose()

    @abstractmethod
    async def _names(self) -> list[str]:
        """Ask which models there are."""

    @abstractmethod
    def _ask(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        """Ask in the service's own format."""

    def _price(self, model: str) -> Price | None:
        return self._config.prices.get(model)

    async def _context(self, request: ModelRequest) -> tuple[int | None, Counting]:
        counting = self._counting.setdefault(request.model, Estimated())
        bounds = [request.num_ctx, self._config.contexts.get(request.model)]
        known = [bound for bound in bounds if bound is not None]
        return min(known, default=None), counting

    async def _generate(self, prepared: Prepared) -> AsyncGenerator[str | Ended, None]:
        messages = prepared.fitted.messages
        async with aclosing(self._ask(prepared)) as items:
            async for item in items:
                if isinstance(item, Ended) and item.prompt_tokens is not None:
                    if item.prompt_tokens < fewest_tokens(messages):
                        raise ContextTooSmall(
                            f"The service cut the question: it read {item.prompt_tokens} tokens "
                            f"of at least {fewest_tokens(messages)}.",
                            field="messages",
                        )
                    counting = self._counting.setdefault(prepared.request.model, Estimated())
                    counting.observe(messages, item.prompt_tokens)
                yield item
