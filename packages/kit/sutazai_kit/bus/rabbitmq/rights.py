"""Users of the broker and what each may do, as RabbitMQ's definitions file takes them.

https://www.rabbitmq.com/docs/definitions, https://www.rabbitmq.com/docs/access-control
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sutazai_contracts.queues import DEAD, OUTCOMES, task_queue
from sutazai_kit.bus.rabbitmq.topology import TASKS

NOTHING = "^$"
_ALL_OURS = f"^({re.escape(TASKS)}|{re.escape(OUTCOMES)}|{DEAD}|{re.escape(task_queue(''))}.+)$"
_SALT = 4


@dataclass(frozen=True)
class Account:
    """A user of the broker; its rights are regular expressions over names, as RabbitMQ has them."""

    name: str
    password: str = field(repr=False)
    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    tags: tuple[str, ...] = ()


def core_account(name: str, password: str) -> Account:
    """Give core's user: it declares, publishes to and reads from all that is ours."""
    return Account(name, password, _ALL_OURS, _ALL_OURS, _ALL_OURS)


def agent_account(name: str, password: str, *, agent: str) -> Account:
    """Give an agent's user: it reads its own queue and writes outcomes, and declares nothing."""
    return Account(
        name,
        password,
        write=f"^{re.escape(OUTCOMES)}$",
        read=f"^{re.escape(task_queue(agent))}$",
    )


def definitions(
    accounts: Iterable[Account],
    *,
    virtual_host: str = "/",
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> dict[str, Any]:
    """Give what `load_definitions` reads: a virtual host, its users and their rights.

    Args:
        accounts: the users; no other can log in, since `guest` is made only where there are none.
        virtual_host: where they work.
        random: gives that many random bytes, for the salts.
    """
    accounts = list(accounts)
    return {
        "vhosts": [{"name": virtual_host}],
        "users": [
            {
                "name": account.name,
                "password_hash": password_hash(account.password, random(_SALT)),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": list(account.tags),
            }
            for account in accounts
        ],
        "permissions": [
            {
                "user": account.name,
                "vhost": virtual_host,
                "configure": account.configure,
                "write": account.write,
                "read": account.read,
            }
            for account in accounts
        ],
    }


def password_hash(password: str, salt: bytes) -> str:
    """Hash a password as RabbitMQ keeps it: base64 of salt and SHA-256 of salt and password.

    https://www.rabbitmq.com/docs/passwords#computing-password-hash
    """
    digest = hashlib.sha256(salt + password.encode()).digest()
    return base64.b64encode(salt + digest).decode()
