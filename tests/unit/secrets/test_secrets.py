"""The program that makes the stack's secrets: complete, kept, and in each service's form."""

import json
import re
import shutil
import stat
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from sutazai.entrypoints.secrets.__main__ import main
from sutazai.entrypoints.secrets.folder import SecretsFolder
from sutazai.entrypoints.secrets.making import make_secrets
from sutazai.entrypoints.secrets.services import consul_rights, kong, rabbitmq, redis_users
from sutazai_contracts.errors import InvalidInput, SutazaiError

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "compose"
KONG = COMPOSE / "kong" / "kong.yml"
AGENTS = ["reader", "writer"]


def make(into: Path, *, agents: list[str] = AGENTS, upload_limit_mb: int = 32) -> dict[str, str]:
    """Make secrets; give every file by its path below the folder."""
    make_secrets(into, agents=agents, compose=COMPOSE, upload_limit_mb=upload_limit_mb)
    return {
        str(path.relative_to(into)): path.read_text("utf-8")
        for path in into.rglob("*")
        if path.is_file()
    }


def test_what_is_made_is_kept_and_only_what_is_missing_is_made(tmp_path: Path) -> None:
    first = make(tmp_path)
    (tmp_path / "secrets" / "qdrant_key").unlink()
    second = make(tmp_path)
    changed = {name for name in second if first.get(name) != second[name]}
    assert changed == {"secrets/qdrant_key", "compose.env"}
    assert second["secrets/qdrant_key"] in second["compose.env"]
    third = make(tmp_path, agents=[*AGENTS, "newcomer"])
    assert {name for name in second if third[name] != second[name]} == {
        "compose.env", "secrets/agents_token", "secrets/agent_tokens",
        "secrets/rabbitmq_agents_passwords", "secrets/rabbitmq_definitions",
    }  # fmt: skip
    assert third.keys() - second.keys() == {
        "secrets/agent_newcomer_token", "secrets/rabbitmq_agent_newcomer_password",
    }  # fmt: skip


def test_neo4j_and_core_have_the_same_password(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert made["secrets/neo4j_auth"] == f"neo4j/{made['secrets/neo4j_password']}"
    assert len(made["secrets/neo4j_password"]) >= 8


def test_a_service_is_made_anew_when_what_it_reads_has_changed(tmp_path: Path) -> None:
    compose = tmp_path / "compose"
    shutil.copytree(COMPOSE, compose)

    def digests(upload_limit_mb: int = 32, agents: list[str] = AGENTS) -> dict[str, str]:
        make_secrets(tmp_path, agents=agents, compose=compose, upload_limit_mb=upload_limit_mb)
        lines = (tmp_path / "compose.env").read_text("utf-8").splitlines()[1:]
        return dict(line.split("=", 1) for line in lines)

    def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
        return {name for name in before if before[name] != after[name]}

    first = digests()
    assert changed(first, digests()) == set()
    assert changed(first, digests(upload_limit_mb=8)) == {"SUTAZAI_KONG_CONFIG"}
    assert changed(first, digests(agents=["reader"])) == {"SUTAZAI_RABBITMQ_CONFIG"}
    (compose / "redis" / "redis.conf").write_text("maxmemory 1mb\n")
    assert changed(first, digests()) == {"SUTAZAI_REDIS_CONFIG"}


def test_folders_are_their_owners_and_files_can_be_read_and_not_written(tmp_path: Path) -> None:
    into = tmp_path / "stack"
    make(into)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (into, *into.rglob("*"))}
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} == {"0o444"}


@pytest.mark.requirement("G3", part="the stack's secrets generated per install")
def test_no_two_secrets_are_alike_and_none_is_short(tmp_path: Path) -> None:
    made = make(tmp_path)
    secrets = [text for name, text in made.items() if re.search("(password|token|key)$", name)]
    assert len(set(secrets)) == len(secrets) > 15
    assert all(len(text) >= 36 for text in secrets)


def test_every_secret_that_a_compose_file_names_is_made(tmp_path: Path) -> None:
    files = {
        Path(secret["file"]).name
        for path in (ROOT / "compose").glob("*.yml")
        for secret in (yaml.safe_load(path.read_text("utf-8")).get("secrets") or {}).values()
    }
    agents = [
        name.removeprefix("agent_").removesuffix("_token")
        for name in files
        if name.startswith("agent_") and name.endswith("_token")
    ]
    made = make(tmp_path, agents=agents)
    assert len(files) > 20
    assert files <= {Path(name).name for name in made}


def test_an_empty_secret_is_said_and_not_replaced(tmp_path: Path) -> None:
    make(tmp_path)
    emptied = tmp_path / "secrets" / "session_key"
    emptied.unlink()
    emptied.write_text("")
    with pytest.raises(SutazaiError, match="session_key is empty"):
        make(tmp_path)


def test_two_makers_agree_on_the_one_that_was_first(tmp_path: Path) -> None:
    folder = SecretsFolder(tmp_path)

    def slow() -> str:
        return "first" if folder.keep("name", lambda: "second") == "second" else "never"

    assert folder.keep("name", slow) == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_the_broker_gives_each_agent_its_own_queue_alone() -> None:
    users = ["core", "relay", "health", "operator", "agent_a.b", "agent_c"]
    passwords = {name: f"password of {name}" for name in users}
    made = json.loads(rabbitmq(passwords, ["a.b", "c"], "salt"))
    assert {user["name"] for user in made["users"]} == {*users}
    rights = {given["user"]: given for given in made["permissions"]}
    assert re.search(rights["agent_a.b"]["read"], "tasks.a.b")
    assert not re.search(rights["agent_a.b"]["read"], "tasks.aXb")
    assert not re.search(rights["agent_a.b"]["read"], "tasks.c")
    for user in ("agent_a.b", "agent_c", "health"):
        assert not re.search(rights[user]["configure"], "tasks.c")
        assert not re.search(rights[user]["write"], "sutazai.tasks")
    assert [user["tags"] for user in made["users"] if user["name"] == "health"] == [["monitoring"]]


def test_the_brokers_hashes_are_salted_and_hold_the_passwords() -> None:
    passwords = dict.fromkeys(["core", "relay", "health", "operator"], "the same")
    made = json.loads(rabbitmq(passwords, [], "salt"))
    hashes = [b64decode(user["password_hash"]) for user in made["users"]]
    assert len(set(hashes)) == len(hashes)
    assert all(made[4:] == sha256(made[:4] + b"the same").digest() for made in hashes)


def test_redis_knows_core_and_nobody_else_can_read() -> None:
    lines = redis_users("secret").splitlines()
    assert lines[0] == "user default off"
    assert f"#{sha256(b'secret').hexdigest()}" in lines[1]
    assert "secret" not in lines[1].split()
    assert lines[2].endswith("-@all +ping")


def test_consul_denies_whom_it_does_not_know() -> None:
    acl = json.loads(consul_rights("token"))["acl"]
    assert acl["enabled"] is True
    assert acl["default_policy"] == "deny"


def test_kongs_limit_of_uploads_is_the_installations(tmp_path: Path) -> None:
    made = yaml.safe_load(make(tmp_path, upload_limit_mb=7)["secrets/kong_routes"])
    written = yaml.safe_load(KONG.read_text("utf-8"))
    [limit] = [p for p in made["plugins"] if p["name"] == "request-size-limiting"]
    assert limit["config"]["allowed_payload_size"] == 7
    assert made["routes"] == written["routes"]
    assert made["services"] == written["services"]
    with pytest.raises(InvalidInput):
        kong("plugins: []", 7)


def test_the_program_ends_with_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUTAZAI_API_UPLOAD_LIMIT_MB", "9")
    assert main(["--into", str(tmp_path / "a"), "--compose", str(COMPOSE)]) == 0
    assert "allowed_payload_size: 9\n" in (tmp_path / "a/secrets/kong_routes").read_text("utf-8")
    assert (tmp_path / "a/secrets/agent_librarian_token").exists()
    (tmp_path / "file").write_text("")
    assert main(["--into", str(tmp_path / "file"), "--compose", str(COMPOSE)]) == 1
    assert "file can't be used" in capsys.readouterr().err
