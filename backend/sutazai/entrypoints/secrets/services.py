"""What each service of the stack reads that holds a secret, in the service's own form."""

import hashlib
import itertools
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from sutazai_contracts.errors import InvalidInput
from sutazai_kit.bus.rabbitmq.rights import Account, agent_account, core_account, definitions

# What core's adapters do in Redis (docs/adr/0014), and what its client says on connecting.
_REDIS_CORE = (
    "~sutazai:* resetchannels -@all +get +set +del +eval +evalsha +script|load +script|exists "
    "+xadd +xread +xrevrange +pexpire +zadd +zcard +zpopmin +time +ping +info "
    "+hello +select +client|setinfo +client|setname"
)


def rabbitmq(passwords: Mapping[str, str], agents: Sequence[str], salt: str) -> str:
    """Give RabbitMQ's definitions: a user for each process, with the rights it needs.

    Args:
        passwords: by user: `core`, `relay`, `health`, `operator`, and `agent_<name>` of each agent.
        agents: names of the agents.
        salt: makes the hashes of the same passwords come out the same.
    """
    counter = itertools.count()
    accounts = [
        core_account("core", passwords["core"]),
        core_account("relay", passwords["relay"]),
        *(
            agent_account(f"agent_{name}", passwords[f"agent_{name}"], agent=name)
            for name in agents
        ),
        Account("health", passwords["health"], tags=("monitoring",)),
        # For a person at the management page, which `make up-dev` opens.
        Account("operator", passwords["operator"], ".*", ".*", ".*", tags=("administrator",)),
    ]

    def salts(size: int) -> bytes:
        return hashlib.sha256(f"{salt}:{next(counter)}".encode()).digest()[:size]

    return json.dumps(definitions(accounts, random=salts), indent=1) + "\n"


def basic(user: str, password: str) -> str:
    """Give a user and password as HTTP's basic authentication sends them."""
    return b64encode(f"{user}:{password}".encode()).decode()


def redis_users(core: str) -> str:
    """Give Redis' users: core, and one that can do nothing but be answered."""
    return (
        "user default off\n"
        f"user core on #{sha256(core)} {_REDIS_CORE}\n"
        "user health on nopass resetkeys resetchannels -@all +ping\n"
    )


def consul_rights(management: str) -> str:
    """Give Consul's part of the configuration that holds a secret: who nobody knows may nothing."""
    acl = {
        "enabled": True,
        "default_policy": "deny",
        "tokens": {"initial_management": management, "agent": management},
    }
    return json.dumps({"acl": acl}, indent=1) + "\n"


def kong(template: str, upload_limit_mb: int) -> str:
    """Give Kong's declarative file with this installation's limit of uploads.

    Raises:
        InvalidInput: the file does not limit what is sent to it.
    """
    document: dict[str, Any] = yaml.safe_load(template)
    limits = [
        plugin["config"]
        for plugin in document.get("plugins", ())
        if plugin["name"] == "request-size-limiting"
    ]
    if not limits:
        raise InvalidInput("Kong's file has no plugin request-size-limiting for all requests")
    for limit in limits:
        # Kong's megabytes are of 2^20 bytes, as core's are.
        limit |= {"allowed_payload_size": upload_limit_mb, "size_unit": "megabytes"}
    return yaml.safe_dump(document, sort_keys=False)


def sha256(text: str) -> str:
    """Hash a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
