"""Settings of the stack profile's processes: where the services are, and the secrets to use them.

A secret is a file of `/run/secrets` named as its setting is, in lower case; a variable of the
environment with that name goes before it. Settings that both profiles have are in `settings`.
"""

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from sutazai_contracts.errors import InvalidInput

SECRETS = Path("/run/secrets")


class StackModel(BaseSettings):
    """Settings that are also read from the files of secrets."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the files of secrets where there are any."""
        sources: list[Any] = [init_settings, env_settings]
        if SECRETS.is_dir():
            sources.append(SecretsSettingsSource(settings_cls, secrets_dir=SECRETS))
        return tuple(sources)


class StackDatabase(StackModel):
    """Where PostgreSQL is, and the passwords of the roles that a process needs."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_DATABASE_", frozen=True)

    host: str = Field(default="postgres", description="Host of PostgreSQL.")
    port: int = Field(default=5432, ge=1, le=65535, description="Port of PostgreSQL.")
    name: str = Field(default="sutazai", description="Name of the database.")
    admin: str = Field(default="postgres", description="The user who prepares the database.")
    admin_password: SecretStr | None = Field(
        default=None, description="Password of that user; the migration job alone has it."
    )
    owner_password: SecretStr | None = Field(
        default=None, description="Password of `sutazai_owner`; the migration job alone has it."
    )
    app_password: SecretStr | None = Field(
        default=None, description="Password of `sutazai_app`, for core."
    )
    worker_password: SecretStr | None = Field(
        default=None, description="Password of `sutazai_worker`, for core and the relay."
    )


class StackBroker(StackModel):
    """Where RabbitMQ is, and as whom a process speaks to it."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_RABBITMQ_", frozen=True)

    host: str = Field(default="rabbitmq", description="Host of RabbitMQ.")
    port: int = Field(default=5672, ge=1, le=65535, description="Port of RabbitMQ.")
    user: str = Field(default="core", description="User of this process.")
    password: SecretStr | None = Field(default=None, description="Password of that user.")


class StackRedis(StackModel):
    """Where Redis is, and as whom core speaks to it."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_REDIS_", frozen=True)

    host: str = Field(default="redis", description="Host of Redis.")
    port: int = Field(default=6379, ge=1, le=65535, description="Port of Redis.")
    user: str = Field(default="core", description="User of this process.")
    password: SecretStr | None = Field(default=None, description="Password of that user.")


class StackQdrant(StackModel):
    """Where Qdrant is, and the key that core alone holds."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_QDRANT_", frozen=True)

    url: str = Field(default="http://qdrant:6333", description="Where Qdrant answers.")
    key: SecretStr | None = Field(default=None, description="Qdrant's API key.")


class StackNeo4j(StackModel):
    """Where Neo4j is, and as whom core speaks to it."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_NEO4J_", frozen=True)

    url: str = Field(
        default="",
        description="Where Neo4j answers, such as `bolt://neo4j:7687`; empty: there is none, and "
        "the graph is asked of PostgreSQL.",
    )
    user: str = Field(default="neo4j", description="User of this process.")
    password: SecretStr | None = Field(default=None, description="Password of that user.")


class StackConsul(StackModel):
    """Where Consul is."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_CONSUL_", frozen=True)

    url: str = Field(default="http://consul:8500", description="Where Consul answers.")
    token: SecretStr | None = Field(default=None, description="Token of this process.")


class StackEmbedder(StackModel):
    """Where the embedder is."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_EMBEDDER_", frozen=True)

    url: str = Field(default="http://embedder:10014", description="Where the embedder answers.")
    port: int = Field(
        default=10014, ge=0, le=65535, description="Port that the embedder listens on."
    )
    token: SecretStr | None = Field(
        default=None, description="What the embedder asks of those who use it."
    )


class StackInternal(StackModel):
    """Core's second listener, for agents."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_INTERNAL_", frozen=True)

    url: str = Field(default="http://core:10012", description="Where agents find core.")
    port: int = Field(
        default=10012, ge=0, le=65535, description="Port that core listens on for agents."
    )


class StackAgent(StackModel):
    """What a process of agents is."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_AGENT_", frozen=True)

    token: SecretStr | None = Field(
        default=None,
        description="The agent's token; of several agents in one process, JSON by name.",
    )
    tokens: SecretStr | None = Field(
        default=None, description="For core: JSON of each agent's name and its token's SHA-256."
    )
    port: int = Field(
        default=11000, ge=0, le=65535, description="Port of an agent's health, metrics and card."
    )
    host: str | None = Field(
        default=None, description="Name that others reach this process by; unset: its host name."
    )


class StackSettings(StackModel):
    """Where everything of the stack is."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_", frozen=True)

    session_key: SecretStr | None = Field(
        default=None, description="What core signs access tokens by."
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses of the gateway, separated by commas: from there core believes who "
        "a request came from.",
    )

    database: StackDatabase = Field(default_factory=StackDatabase)
    broker: StackBroker = Field(default_factory=StackBroker)
    redis: StackRedis = Field(default_factory=StackRedis)
    qdrant: StackQdrant = Field(default_factory=StackQdrant)
    neo4j: StackNeo4j = Field(default_factory=StackNeo4j)
    consul: StackConsul = Field(default_factory=StackConsul)
    embedder: StackEmbedder = Field(default_factory=StackEmbedder)
    internal: StackInternal = Field(default_factory=StackInternal)
    agent: StackAgent = Field(default_factory=StackAgent)


def needed(secret: SecretStr | None, name: str) -> SecretStr:
    """Give a secret; raises `InvalidInput` where this process was given none."""
    if secret is None or not secret.get_secret_value():
        raise InvalidInput(
            f"{name} is not set: give it as a variable, or as the file /run/secrets/{name.lower()}."
        )
    return secret
