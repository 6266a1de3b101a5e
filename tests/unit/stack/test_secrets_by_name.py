"""Secrets of the stack's processes: one agent or several, and what is said where one is missing."""

import pytest
from pydantic import SecretStr

from sutazai.bootstrap.stack.agents import by_name
from sutazai.bootstrap.stack.core import agent_digests
from sutazai.bootstrap.stack.places import broker, database_url, redis_url, role_urls
from sutazai.stack_settings import (
    StackAgent,
    StackBroker,
    StackDatabase,
    StackRedis,
    StackSettings,
    needed,
)
from sutazai_contracts.errors import InvalidInput


def test_one_agent_has_the_secret_itself_and_several_have_json() -> None:
    assert by_name(SecretStr("sa_x"), "TOKEN", ["writer"]) == {"writer": "sa_x"}
    both = SecretStr('{"writer": "sa_w", "reviewer": "sa_r", "coder": "sa_c"}')
    assert by_name(both, "TOKEN", ["writer", "reviewer"]) == {"writer": "sa_w", "reviewer": "sa_r"}


@pytest.mark.parametrize(
    ("secret", "names", "said"),
    [
        (None, ["writer"], "TOKEN is not set.*/run/secrets/token"),
        ("", ["writer"], "is not set"),
        ("sa_x", ["writer", "reviewer"], "a secret by the name of each agent"),
        ('{"writer": ', ["writer", "reviewer"], "is no JSON"),
        ('{"writer": "sa_w"}', ["writer", "reviewer"], "nothing for the agent reviewer"),
        ('{"writer": 7}', ["writer"], "nothing for the agent writer"),
    ],
)
def test_what_is_missing_is_said(secret: str | None, names: list[str], said: str) -> None:
    given = None if secret is None else SecretStr(secret)
    with pytest.raises(InvalidInput, match=said):
        by_name(given, "TOKEN", names)


def test_core_keeps_digests_of_the_agents_tokens() -> None:
    stack = StackSettings(agent=StackAgent(tokens=SecretStr('{"writer": "00ff"}')))
    assert agent_digests(stack) == {"writer": b"\x00\xff"}


@pytest.mark.parametrize("text", ["no json", "[1]", '{"writer": 1}', '{"writer": "xy"}'])
def test_digests_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no JSON of digests"):
        agent_digests(StackSettings(agent=StackAgent(tokens=SecretStr(text))))


def test_places_hold_the_secrets_whatever_stands_in_them() -> None:
    odd = SecretStr("p@ss/w:rd %")
    database = StackDatabase(host="db", port=1, name="n", app_password=odd)
    assert database_url(database, "u", odd) == "postgresql://u:p%40ss%2Fw%3Ard%20%25@db:1/n"
    urls = role_urls(database)
    assert urls.app.startswith("postgresql://sutazai_app:")
    assert (urls.owner, urls.worker) == ("", "")
    assert redis_url(StackRedis(host="r", port=2, user="core", password=odd)) == (
        "redis://core:p%40ss%2Fw%3Ard%20%25@r:2/0"
    )
    rabbit = broker(StackBroker(host="mq", port=3, user="core", password=odd))
    assert (rabbit.host, rabbit.port, rabbit.user, rabbit.password) == (
        "mq",
        3,
        "core",
        odd.get_secret_value(),
    )
    assert odd.get_secret_value() not in repr(rabbit)


def test_a_secret_that_is_needed_is_named() -> None:
    with pytest.raises(InvalidInput, match="SUTAZAI_X is not set"):
        needed(None, "SUTAZAI_X")
