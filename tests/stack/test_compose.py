"""The compose files: what every service must have, who is on which network, who holds what."""

import json
import re
from importlib.metadata import entry_points
from typing import Any

import pytest

from sutazai.settings import ApiSettings
from tests.stack.running import ROOT, SIZES, Stack, make_secrets, run

pytestmark = pytest.mark.stack

AGENTS = {found.name for found in entry_points(group="sutazai.agents")}
EVERY = ("standard", "lite", "model")
ONE_SHOTS = {"migrate", "consul-rights", "model-fetch", "model-import"}
OWN_IMAGES = {"sutazai/core:dev", "sutazai/dashboard:dev"}
# What may be reached from this machine. Everything else is `make up-dev`'s.
PUBLISHED = {"kong", "dashboard"}


@pytest.fixture(scope="module")
def services(configured: Stack) -> dict[str, dict[str, Any]]:
    """Give every service of every size."""
    found: dict[str, dict[str, Any]] = {}
    for size in EVERY:
        found |= configured.configuration(size=size)["services"]
    return found


def test_sizes_differ_in_neo4j_and_the_agents_containers_alone(configured: Stack) -> None:
    standard, lite = (set(configured.configuration(size=size)["services"]) for size in SIZES)
    assert standard - lite == {*AGENTS, "neo4j"}
    assert lite - standard == {"agents"}


def test_the_small_size_runs_every_agent(services: dict[str, dict[str, Any]]) -> None:
    assert services["agents"]["command"] == ["stack", "agent", *sorted(AGENTS)]
    for name in AGENTS:
        assert services[name]["command"] == ["stack", "agent", name]


def test_every_service_is_confined(services: dict[str, dict[str, Any]]) -> None:
    for name, made in services.items():
        assert int(made["mem_limit"]) <= 6 << 30, name
        # Qdrant takes threads for every collection.
        assert made["pids_limit"] <= (8192 if name == "qdrant" else 512), name
        assert made["cpus"], name
        assert made["read_only"] is True, name
        assert made["cap_drop"] == ["ALL"], name
        assert "cap_add" not in made, name
        assert "privileged" not in made, name
        assert made["security_opt"] == ["no-new-privileges:true"], name
        assert made["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert made["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped"), name
        if name not in ONE_SHOTS:
            assert made["stop_grace_period"], name
            assert made["healthcheck"]["test"], name


def test_images_are_pinned_and_ours_are_never_pulled(services: dict[str, dict[str, Any]]) -> None:
    for name, made in services.items():
        if made["image"] in OWN_IMAGES:
            assert made["pull_policy"] == "never", name
        else:
            assert re.search(r":v?\d+\.\d", made["image"]), name


def test_two_services_are_published_on_this_machine_alone(
    configured: Stack, services: dict[str, dict[str, Any]]
) -> None:
    ports = {name: made.get("ports", []) for name, made in services.items()}
    assert {name for name, open_ports in ports.items() if open_ports} == PUBLISHED
    opened = configured.configuration("docker-compose.yml", "compose/dev.yml")["services"]
    every = [port for made in opened.values() for port in made.get("ports", [])]
    assert len(every) > 10
    assert {port["host_ip"] for port in every} == {"127.0.0.1"}


def test_one_network_leads_out_and_one_job_is_on_it(
    configured: Stack, services: dict[str, dict[str, Any]]
) -> None:
    networks: dict[str, dict[str, Any]] = {}
    for size in EVERY:
        networks |= configured.configuration(size=size)["networks"]
    assert {name for name, made in networks.items() if not made.get("internal")} == {
        "edge", "egress",
    }  # fmt: skip
    masquerade = "com.docker.network.bridge.enable_ip_masquerade"
    assert networks["edge"]["driver_opts"] == {masquerade: "false"}
    joined = {name: set(made.get("networks") or ()) for name, made in services.items()}
    assert {name for name, found in joined.items() if "egress" in found} == {"model-fetch"}
    assert {name for name, found in joined.items() if "edge" in found} == PUBLISHED


def test_agents_reach_neither_the_databases_nor_redis(services: dict[str, dict[str, Any]]) -> None:
    for name in (*AGENTS, "agents"):
        assert set(services[name]["networks"]) == {"agents"}, name
    for name in ("postgres", "redis", "neo4j"):
        assert set(services[name]["networks"]) == {"records"}, name


def test_each_process_holds_its_own_secrets_alone(services: dict[str, dict[str, Any]]) -> None:
    held = {name: {s["source"] for s in made.get("secrets", ())} for name, made in services.items()}
    for name in AGENTS:
        assert held[name] == {
            f"rabbitmq_agent_{name}_password", f"agent_{name}_token",
            "consul_agent_token", "embedder_token",
        }, name  # fmt: skip
    for secret, holders in {
        "database_admin_password": {"postgres", "migrate"},
        "database_owner_password": {"migrate"},
        "qdrant_key": {"core"},
        "session_key": {"core"},
        "neo4j_password": {"core"},
        "neo4j_auth": {"neo4j"},
        "consul_management_token": {"consul-rights"},
    }.items():
        assert {name for name in held if secret in held[name]} == holders, secret
    assert not held["dashboard"]
    assert not held["ollama"]


def test_core_waits_for_its_records_and_the_broker_alone(
    services: dict[str, dict[str, Any]],
) -> None:
    assert set(services["core"]["depends_on"]) == {"postgres", "rabbitmq", "migrate"}


def test_the_small_size_asks_postgresql_for_the_graph(configured: Stack) -> None:
    said = {
        size: configured.configuration(size=size)["services"]["core"]["environment"]
        for size in SIZES
    }
    assert said["standard"]["SUTAZAI_NEO4J_URL"] == "bolt://neo4j:7687"
    assert said["lite"]["SUTAZAI_NEO4J_URL"] == ""


def test_how_often_a_caller_may_ask_reaches_core(configured: Stack) -> None:
    given = {"SUTAZAI_API_RATE_PER_S": "50", "SUTAZAI_API_BURST": "100"}
    other = Stack(configured.project, configured.folder, {**configured.variables, **given})
    environment = other.configuration()["services"]["core"]["environment"]
    assert given.items() <= environment.items()
    # Said nothing, it is as core has it by itself.
    environment = configured.configuration()["services"]["core"]["environment"]
    plain = ApiSettings.model_construct()
    assert float(environment["SUTAZAI_API_RATE_PER_S"]) == plain.rate_per_s
    assert int(environment["SUTAZAI_API_BURST"]) == plain.burst


def test_what_is_taken_up_has_one_limit_everywhere(configured: Stack) -> None:
    variables = {**configured.variables, "SUTAZAI_API_UPLOAD_LIMIT_MB": "7"}
    other = Stack(configured.project, configured.folder, variables)
    made = other.configuration()["services"]
    assert made["core"]["environment"]["SUTAZAI_API_UPLOAD_LIMIT_MB"] == "7"
    assert "--upload-limit-mb=7" in made["dashboard"]["command"]
    try:
        make_secrets(configured.project, variables)
        assert "allowed_payload_size: 7\n" in configured.secret("kong_routes")
    finally:
        make_secrets(configured.project, configured.variables)
    assert "allowed_payload_size: 32\n" in configured.secret("kong_routes")


def test_secrets_are_made_once(configured: Stack) -> None:
    before = {path: path.read_bytes() for path in configured.folder.rglob("*") if path.is_file()}
    make_secrets(configured.project, configured.variables)
    assert {path: path.read_bytes() for path in before} == before


def test_vendors_hear_nothing(services: dict[str, dict[str, Any]]) -> None:
    said = {name: made.get("environment", {}) for name, made in services.items()}
    assert said["qdrant"]["QDRANT__TELEMETRY_DISABLED"] == "true"
    assert said["neo4j"]["NEO4J_dbms_usage__report_enabled"] == "false"
    assert said["kong"]["KONG_ANONYMOUS_REPORTS"] == "off"
    assert said["ollama"]["OLLAMA_NO_CLOUD"] == "1"
    consul = (ROOT / "compose" / "consul" / "consul.hcl").read_text("utf-8")
    assert re.search(r"^disable_update_check +=+ true$", consul, re.MULTILINE)


@pytest.mark.requirement("F1", part="Buildx targets for amd64 and arm64")
def test_both_images_can_be_built_for_both_kinds_of_processor() -> None:
    asked = ["docker", "buildx", "bake", "-f", "compose/docker-bake.hcl", "all", "--print"]
    targets = json.loads(run(*asked))["target"]
    assert {tuple(made["platforms"]) for made in targets.values()} == {
        ("linux/amd64", "linux/arm64")
    }
    assert {tag for made in targets.values() for tag in made["tags"]} == OWN_IMAGES
