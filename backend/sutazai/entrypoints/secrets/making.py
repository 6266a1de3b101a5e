"""Every secret of the stack, and every file that follows from one."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from sutazai.entrypoints.secrets.folder import SecretsFolder
from sutazai.entrypoints.secrets.services import (
    basic,
    consul_rights,
    kong,
    rabbitmq,
    redis_users,
    sha256,
)

# What of the rendered files a service reads; beside the folder of its name below `compose`.
_READ_BY = {
    "postgres": (),
    "redis": ("redis_users",),
    "rabbitmq": ("rabbitmq_definitions", "rabbitmq_health"),
    "consul": ("consul_rights",),
    "kong": ("kong_routes",),
}


def make_secrets(into: Path, *, agents: Sequence[str], compose: Path, upload_limit_mb: int) -> None:
    """Make what is missing and bring up to date what follows from it; no secret is ever changed.

    Args:
        into: the stack's folder; secrets come into `secrets` below it.
        agents: names of the agents, each of which gets secrets of its own.
        compose: the folder of the compose files, which holds one of configuration per service.
        upload_limit_mb: largest request body, in MiB.

    Raises:
        SutazaiError: the folder can't be written, or a secret in it is empty.
    """
    stack, folder = SecretsFolder(into), SecretsFolder(into / "secrets")
    SecretsFolder(into / "credentials")
    for role in ("admin", "owner", "app", "worker"):
        folder.keep(f"database_{role}_password")
    for name in ("session_key", "embedder_token"):
        folder.keep(name)
    # As its image takes it: the user, who can't be called otherwise, and the password.
    folder.render("neo4j_auth", f"neo4j/{folder.keep('neo4j_password')}")
    folder.render("redis_users", redis_users(folder.keep("redis_core_password")))
    _broker(folder, agents)
    _discovery(folder)
    _agent_tokens(folder, agents)
    routes = (compose / "kong" / "kong.yml").read_text("utf-8")
    folder.render("kong_routes", kong(routes, upload_limit_mb))
    stack.render("compose.env", "".join(f"{line}\n" for line in _environment(folder, compose)))


def _broker(folder: SecretsFolder, agents: Sequence[str]) -> None:
    users = ["core", "relay", "health", "operator", *(f"agent_{name}" for name in agents)]
    passwords = {user: folder.keep(f"rabbitmq_{user}_password") for user in users}
    salt = folder.keep("rabbitmq_salt")
    folder.render("rabbitmq_definitions", rabbitmq(passwords, agents, salt))
    by_agent = {name: passwords[f"agent_{name}"] for name in agents}
    folder.render("rabbitmq_agents_passwords", json.dumps(by_agent))
    folder.render("rabbitmq_health", basic("health", passwords["health"]))


def _discovery(folder: SecretsFolder) -> None:
    for name in ("core", "agent"):
        folder.keep(f"consul_{name}_token", _uuid)
    folder.render("consul_rights", consul_rights(folder.keep("consul_management_token", _uuid)))


def _agent_tokens(folder: SecretsFolder, agents: Sequence[str]) -> None:
    """Each agent has a token; core knows their hashes; agents of one process share a file."""
    tokens = {name: folder.keep(f"agent_{name}_token") for name in agents}
    folder.render("agents_token", json.dumps(tokens))
    folder.render(
        "agent_tokens", json.dumps({name: sha256(token) for name, token in tokens.items()})
    )


def _environment(folder: SecretsFolder, compose: Path) -> Iterator[str]:
    """Give what Compose reads: the one secret that can't be a file, and digests of configuration.

    Compose does not look into files: a service whose digest has changed is made anew by `make up`.
    """
    yield "# Read by Docker Compose. Made by `make up`."
    yield f"SUTAZAI_QDRANT_KEY={folder.keep('qdrant_key')}"
    for service, rendered in _READ_BY.items():
        digest = hashlib.sha256()
        written = sorted(path for path in (compose / service).rglob("*") if path.is_file())
        for path in (*written, *(folder.root / name for name in rendered)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        yield f"SUTAZAI_{service.upper()}_CONFIG={digest.hexdigest()[:16]}"


def _uuid() -> str:
    return str(uuid4())
