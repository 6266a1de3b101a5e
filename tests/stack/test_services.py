"""Every service does its work, and is missed as services.toml says; docs/reference shows that."""

import json
import re
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.journey.suite import LEASES, upload, watch
from tests.stack.product import Product
from tests.stack.running import Stack, eventually
from tests.support.gguf import write_tiny_llama

pytestmark = pytest.mark.stack

SERVICES: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).with_name("services.toml")).read_text("utf-8")
)
# Jobs: they end when their work is done.
JOBS = {"migrate", "consul-rights"}
AGENTS = ("librarian", "researcher", "reviewer", "writer")
# Longer than core's and Consul's checks take to see what went (a service that stops says so).
SEEN_S = 45.0
BACK_S = 90.0
# Of the gateway while core is away, of core while the database is.
AWAY = {500, 502, 503, 504}


@pytest.fixture(scope="module")
def product(stack: Stack) -> Product:
    """Give the stack with a document that answers the question."""
    product = Product(stack)
    with product.client(timeout_s=60) as client:
        upload(client, "default", f"leases-{uuid4().hex[:6]}.md", LEASES)
    return product


def sample(text: str, name: str) -> float:
    """Find a sample in Prometheus' text format."""
    found = re.search(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)
    assert found, f"there is no {name}"
    return float(found[1])


def wake_ups(product: Product) -> float:
    """Count what left the outbox."""
    return sample(product.inside("http://relay:11000/metrics"), "sutazai_wake_ups_sent_total")


def texts(product: Product) -> float:
    """Count the texts whose vectors the embedder gave."""
    told = json.loads(product.inside("http://embedder:10014/health/ready"))
    return float(told["texts"] + told["kept"])


def acknowledged(product: Product) -> float:
    """Count the messages whose receivers told RabbitMQ that they are done."""
    told = product.inside("http://rabbitmq:15692/metrics")
    name = "rabbitmq_global_messages_acknowledged_total"
    return sum(float(n) for n in re.findall(rf"^{name}{{.*}} (\S+)$", told, re.MULTILINE))


def rows(product: Product) -> float:
    """Count runs and their events in PostgreSQL."""
    [[count]] = product.sql(
        "SELECT (SELECT count(*) FROM sutazai.runs) + (SELECT count(*) FROM sutazai.events)"
    )
    return float(count)


def live_reads(product: Product) -> float:
    """Count how often Redis was asked for live text."""
    return float(product.stack.python("core", _REDIS))


_REDIS = """
import redis
from pathlib import Path
password = Path("/run/secrets/sutazai_redis_password").read_text()
server = redis.Redis("redis", username="core", password=password, decode_responses=True)
print(server.info("commandstats").get("cmdstat_xread", {}).get("calls", 0))
"""


def points(product: Product) -> float:
    """Count the points of all collections of Qdrant."""
    key = {"api-key": product.stack.secret("qdrant_key")}
    names = json.loads(product.inside("http://qdrant:6333/collections", **key))["result"]
    told = [
        json.loads(product.inside(f"http://qdrant:6333/collections/{name['name']}", **key))
        for name in names["collections"]
    ]
    return float(sum(one["result"]["points_count"] for one in told))


def projected(product: Product) -> float:
    """Count the questions that Neo4j answered, and the versions of `default` that it holds."""
    password = product.stack.secret("neo4j_password")
    rows = product.sql("SELECT id FROM sutazai.collections WHERE name = 'default'")
    program = _NEO4J.replace("PASSWORD", repr(password))
    program = program.replace("COLLECTIONS", repr([row[0].replace("-", "") for row in rows]))
    told = product.stack.python("core", program)
    with product.client() as client:
        metrics = client.get("/metrics").text
    name = 'sutazai_graph_questions_total{answered_by="projection"}'
    counted = [line.split()[1] for line in metrics.splitlines() if line.startswith(name)]
    return float(told) + float(counted[0] if counted else 0)


_NEO4J = """
import neo4j
with neo4j.GraphDatabase.driver("bolt://neo4j:7687", auth=("neo4j", PASSWORD)) as driver:
    asked = "MATCH (v:Version) WHERE v.collection IN $some RETURN count(v) AS versions"
    print(driver.execute_query(asked, some=COLLECTIONS).records[0]["versions"])
"""


def done(name: str) -> Callable[[Product], float]:
    """Count what an agent did."""
    return lambda product: float(product.agents()[name]["done"])


def question(product: Product) -> None:
    """Ask, and see that the answer is found."""
    shown = product.ended(product.ask())
    assert shown["status"] == "succeeded", shown
    assert shown["citations"], shown


def watched(product: Product) -> None:
    """Ask, and watch to the end."""
    with product.client() as client:
        assert watch(client, product.ask())[-1]["event"] == "run.succeeded"


def document(product: Product) -> None:
    """Upload a document like no other."""
    name = uuid4().hex
    with product.client(timeout_s=60) as client:
        upload(client, "default", f"{name}.md", f"# Of {name}\n\nThis is about {name}.\n")


# What counts a service's work, and what gives it some.
COUNTED: dict[str, tuple[Callable[[Product], float], Callable[[Product], None], float]] = {
    "core": (rows, question, 1),
    "relay": (wake_ups, question, 3),
    "embedder": (texts, question, 1),
    "librarian": (done("librarian"), document, 1),
    "researcher": (done("researcher"), question, 1),
    "writer": (done("writer"), question, 1),
    "reviewer": (done("reviewer"), question, 1),
    "postgres": (rows, question, 10),
    "rabbitmq": (acknowledged, question, 3),
    "qdrant": (points, document, 1),
    "redis": (live_reads, watched, 1),
    # A version that it holds, and a question that it answered.
    "neo4j": (projected, Product.joined, 2),
}


def test_every_service_of_the_compose_files_has_a_row(stack: Stack) -> None:
    services = set(stack.configuration()["services"]) - JOBS
    assert set(SERVICES) == services


@pytest.mark.parametrize("name", sorted(COUNTED))
@pytest.mark.requirement(
    "C7",
    part="four agents in services of their own do the work of a question and of a document",
)
def test_it_works(product: Product, name: str) -> None:
    """An idle one would stay at its count, and one that is stopped can't be asked for it."""
    count, work, least = COUNTED[name]
    before = count(product)
    work(product)
    eventually(lambda: count(product) >= before + least, within_s=30)


@pytest.mark.requirement("F2", part="Consul: registration and discovery of core and agents")
def test_consul_knows_everyone_where_they_are(product: Product) -> None:
    token = product.stack.secret("consul_core_token")
    found: dict[str, str] = {}
    for service in ("core", "agent"):
        told = product.inside(
            f"http://consul:8500/v1/health/service/{service}?passing=1", **{"X-Consul-Token": token}
        )
        for one in json.loads(told):
            meta = one["Service"].get("Meta") or {}
            found[meta.get("agent") or service] = one["Service"]["Address"]
    assert {"core", *AGENTS} <= set(found), found
    containers = product.stack.containers()
    for name in ("core", *AGENTS):
        networks = containers[name]["NetworkSettings"]["Networks"].values()
        assert found[name] in {network["IPAddress"] for network in networks}


def test_kong_gives_ids_and_writes_down_what_came(product: Product) -> None:
    mark = uuid4().hex
    with product.client() as client:
        answer = client.get("/health/live", params={"mark": mark})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-kong-request-id"])
    eventually(lambda: mark in product.stack.compose("logs", "--no-color", "--tail", "50", "kong"))


def test_ollama_says_what_is_answered(product: Product, tmp_path: Path) -> None:
    """A model under the name that core takes by default; it is removed again."""
    assert "latest" not in product.stack.run_in("ollama", "ollama", "list"), "another model is here"
    modelfile = tmp_path / "Modelfile"
    modelfile.write_text("FROM /import/model.gguf\nPARAMETER num_predict 32\n")
    for path in (tmp_path, modelfile):
        path.chmod(0o755)
    product.stack.import_model(write_tiny_llama(tmp_path / "model.gguf"), "tinyllama", modelfile)
    try:
        shown = eventually(lambda: _generated(product), within_s=BACK_S, every_s=2)
        assert shown is not None
    finally:
        product.stack.run_in("ollama", "ollama", "rm", "tinyllama")
    eventually(lambda: not _generated(product), within_s=BACK_S)


def _generated(product: Product) -> dict[str, Any] | None:
    # A model of this size takes seconds; where many share two cores, minutes.
    shown = product.ended(product.ask(), within_s=400)
    # Where the stack was used before, by the same model, its answer may be kept.
    usage = {name for name, n in shown["usage"].items() if n}
    return shown if any("token" in name or name == "cached_answers" for name in usage) else None


def test_the_dashboards_page_and_socket_open(product: Product) -> None:
    with product.client() as client:
        assert "<html" in client.get("/").text
    place = urlsplit(product.stack.gateway)
    with socket.create_connection((str(place.hostname), place.port or 80), timeout=15) as line:
        line.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"Origin: {product.stack.gateway}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: streamlit\r\n\r\n".encode()
        )
        assert b" 101 " in line.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_without_it(product: Product, name: str) -> None:
    """Exactly what services.toml says is gone; it comes back, and nothing accepted was lost."""
    facts = SERVICES[name]
    eventually(product.well, within_s=BACK_S)
    accepted = [product.ask()]
    product.stack.compose("stop", "--timeout", "5", name)
    try:
        accepted += _asked(product, facts["asked"])
        if name != "core":
            eventually(lambda: product.unwell() == set(facts.get("unwell", ())), within_s=SEEN_S)
        # Whom it may tell about agents, core asks the database.
        if name not in ("core", "postgres"):
            eventually(lambda: product.down() == set(facts.get("down", ())), within_s=SEEN_S)
        if name == "relay":
            eventually(lambda: product.sql("SELECT 1 FROM sutazai.outbox LIMIT 1"))
        if facts["asked"] == "waits":
            assert product.run(accepted[-1])["status"] in ("pending", "running")
    finally:
        product.stack.compose("start", name)
    eventually(product.well, within_s=BACK_S)
    for one in accepted:
        shown = product.ended(one)
        assert shown["status"] == "succeeded", shown


def _asked(product: Product, expected: str) -> list[str]:
    """Ask while a service is stopped; gives the run that was accepted, if one was."""
    if expected == "refused":
        assert eventually(lambda: _refused(product), within_s=SEEN_S)
        return []
    run = product.ask()
    if expected == "answered":
        assert product.ended(run)["status"] == "succeeded"
    return [run]


def _refused(product: Product) -> bool:
    try:
        with product.client() as client:
            answer = client.post("/api/v1/runs", json={"goal": "Is anyone there?"})
    except (ConnectionError, AssertionError):  # or its port is not published
        return True
    return answer.status_code in AWAY
