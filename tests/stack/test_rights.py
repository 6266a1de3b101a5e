"""Who may do what at the servers of the stack: asked of them, by the processes themselves."""

import json

import pytest

from tests.stack.running import Stack

pytestmark = pytest.mark.stack

READS = """
import sys, pika
from pathlib import Path
password = Path("/run/secrets/sutazai_rabbitmq_password").read_text()
login = pika.PlainCredentials(sys.argv[1], password)
connection = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq", credentials=login))
channel = connection.channel()
try:
    if sys.argv[2] == "read":
        channel.basic_cancel(channel.basic_consume(sys.argv[3], lambda *_: None))
    elif sys.argv[2] == "declare":
        channel.queue_declare(sys.argv[3])
    else:
        channel.confirm_delivery()
        channel.basic_publish(sys.argv[3], sys.argv[4], b"not a message of ours")
    print("done")
except pika.exceptions.ChannelClosedByBroker as error:
    print(error.reply_code)
"""
ASKS = """
import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[2], method=sys.argv[1], data=sys.argv[3].encode() or None)
for given in sys.argv[4:]:
    name, _, value = given.partition("=")
    if value.startswith("@"):
        value = open("/run/secrets/" + value[1:]).read()
    request.add_header(name, value)
try:
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(answer.status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
COMMANDS = """
import json, sys, redis
from pathlib import Path
password = Path("/run/secrets/sutazai_redis_password").read_text()
server = redis.Redis("redis", username="core", password=password, decode_responses=True)
said = []
for command in json.loads(sys.argv[1]):
    try:
        said.append("OK" if server.execute_command(*command) is not None else "none")
    except redis.exceptions.NoPermissionError:
        said.append("refused")
print(json.dumps(said))
"""


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        (["read", "tasks.librarian"], "403"),
        (["read", "core.outcomes"], "403"),
        (["declare", "mine"], "403"),
        (["write", "sutazai.tasks", "tasks.librarian"], "403"),
        (["write", "", "tasks.librarian"], "403"),
        (["read", "tasks.writer"], "done"),
    ],
)
def test_an_agent_reads_its_own_queue_and_writes_outcomes(
    stack: Stack, what: list[str], answer: str
) -> None:
    assert stack.python("writer", READS, "agent_writer", *what) == answer


def test_core_uses_redis_and_does_not_command_it(stack: Stack) -> None:
    allowed = [
        ["SET", "sutazai:test", "1", "EX", "5"], ["GET", "sutazai:test"], ["PING"],
        ["XADD", "sutazai:stream", "*", "a", "b"], ["PEXPIRE", "sutazai:stream", "5000"],
        ["EVAL", "return redis.call('TIME')", "0"],
    ]  # fmt: skip
    refused = [
        ["CONFIG", "GET", "*"], ["FLUSHALL"], ["KEYS", "*"], ["SHUTDOWN"], ["ACL", "LIST"],
        ["CLIENT", "LIST"], ["MONITOR"], ["GET", "elsewhere"], ["REPLICAOF", "NO", "ONE"],
    ]  # fmt: skip
    said = json.loads(stack.python("core", COMMANDS, json.dumps([*allowed, *refused])))
    assert said == ["OK"] * len(allowed) + ["refused"] * len(refused)


@pytest.mark.parametrize(
    ("service", "method", "url", "body", "header", "status"),
    [
        ("core", "GET", "http://qdrant:6333/collections", "", "api-key=@sutazai_qdrant_key", 200),
        ("core", "GET", "http://qdrant:6333/collections", "", "api-key=guessed", 401),
        ("writer", "GET", "http://qdrant:6333/collections", "", "x=y", 401),
        ("writer", "GET", "http://embedder:10014/model", "", "x=y", 401),
        (
            "writer", "PUT", "http://consul:8500/v1/agent/service/register",
            '{"Name": "core", "ID": "a-false-one", "Port": 1}',
            "X-Consul-Token=@sutazai_consul_token", 403,
        ),
        (
            "writer", "PUT", "http://consul:8500/v1/kv/a", "b",
            "X-Consul-Token=@sutazai_consul_token", 403,
        ),
        ("writer", "PUT", "http://consul:8500/v1/agent/leave", "", "x=y", 403),
        ("writer", "GET", "http://consul:8500/v1/acl/tokens", "", "x=y", 403),
        ("writer", "GET", "http://rabbitmq:15672/api/overview", "", "x=y", 401),
        ("writer", "POST", "http://core:10012/internal/v1/claims", "{}", "x=y", 401),
    ],
)  # fmt: skip
def test_who_has_no_key_is_refused(
    stack: Stack, service: str, method: str, url: str, body: str, header: str, status: int
) -> None:
    assert stack.python(service, ASKS, method, url, body, header) == str(status)


def test_the_products_roles_are_no_superusers_and_own_nothing_but_the_owners(stack: Stack) -> None:
    asked = (
        "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles "
        "WHERE rolname LIKE 'sutazai%' AND (rolsuper OR rolbypassrls OR rolcreaterole)"
    )
    psql = ["psql", "-h", "/run/postgresql", "-U", "postgres", "-d", "sutazai", "-tAc"]
    assert stack.run_in("postgres", *psql, asked).strip() == ""
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'sutazai'"
    assert stack.run_in("postgres", *psql, owners).strip() == "sutazai_owner"
