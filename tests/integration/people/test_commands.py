"""`sutazai users`, `keys`, `tenants` and `audit`, against the API over a real database."""

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from sutazai.entrypoints.cli import main
from tests.integration.login.conftest import Site
from tests.integration.people.asking import by_key, log_in, mail
from tests.support.database import TestDatabase

NEW = "another password, longer"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Awaitable[Ended]]


@pytest.fixture
async def cli(
    site: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Run]:
    """Serve the API, and run commands beside it whose home folder names it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(site.app, log_config=None, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        credentials = {
            "api_url": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "api_key": site.first.api_key,
        }
        (tmp_path / "credentials.json").write_text(json.dumps(credentials))

        async def run(*arguments: str, typed: str = "") -> Ended:
            monkeypatch.setattr("sys.stdin", io.StringIO(typed))
            capsys.readouterr()
            code = await asyncio.to_thread(main, ["--home", str(tmp_path), *arguments])
            said = capsys.readouterr()
            return Ended(code, said.out, said.err)

        yield run
        server.should_exit = True
        await serving


@pytest.mark.requirement("H2", part="users")
async def test_users_are_made_changed_and_removed(cli: Run, site: Site) -> None:
    made = await cli("users", "create", mail(site), "--role", "viewer")
    assert (made.code, made.err) == (0, "")
    password = made.out.splitlines()[-1].rpartition(": ")[2]
    assert (await log_in(site, mail(site), password)).credential
    listed = (await cli("users", "list")).out.splitlines()
    assert listed[0].split() == ["EMAIL", "ROLE", "STATE", "LAST", "LOGIN"]
    assert listed[1].split()[1:3] == ["viewer", "one-time"]
    changed = await cli("users", "change", mail(site), "--role", "member", "--disable")
    assert changed.out == f"{mail(site)} is member, disabled.\n"
    changed = await cli("users", "change", mail(site), "--enable", "--json")
    assert (changed.json["role"], changed.json["disabled"]) == ("member", False)
    reset = await cli("users", "reset", changed.json["id"], "--json")
    assert reset.json["password"] != password
    assert (await cli("users", "remove", mail(site))).code == 2
    assert (await cli("users", "remove", mail(site), "--yes")).code == 0
    items = (await cli("users", "list", "--json")).json["items"]
    assert [user["email"] for user in items] == [site.first.email]


async def test_what_a_command_can_t_do_is_said(cli: Run, site: Site) -> None:
    nothing = await cli("users", "change", mail(site))
    assert nothing.code == 2
    assert "--role" in nothing.err
    nobody = await cli("users", "reset", mail(site))
    assert nobody.code == 1
    assert "sutazai users list" in nobody.err
    last = await cli("users", "change", site.first.email, "--disable")
    assert last.code == 4
    assert "409 conflict" in last.err
    chosen = await cli("users", "create", mail(site), "--choose-password", typed="short\n")
    assert chosen.code == 4
    assert "password: takes 12 to 1024 characters" in chosen.err


async def test_a_chosen_password_is_changed_by_whose_it_is(cli: Run, site: Site) -> None:
    first = "a password for Ada"
    made = await cli("users", "create", mail(site), "--choose-password", typed=f"{first}\n")
    assert (made.code, made.out) == (0, f"Made {mail(site)}, member.\n")
    changed = await cli("users", "password", mail(site), typed=f"{first}\n{NEW}\n")
    assert (changed.code, changed.err) == (0, "")
    await log_in(site, mail(site), NEW)
    wrong = await cli("users", "password", mail(site), typed=f"{first}\n{NEW} again\n")
    assert wrong.code == 4


@pytest.mark.requirement("H2", part="keys")
async def test_keys_are_made_listed_and_revoked(cli: Run, site: Site) -> None:
    made = await cli("keys", "create", "import", "-s", "read", "-s", "write", "--days", "3")
    assert (made.code, made.err) == (0, "")
    secret = made.out.split()[-1]
    assert await by_key(site, secret).opens()
    items = (await cli("keys", "list", "--json", "--all")).json["items"]
    assert [(key["name"], key["scopes"]) for key in items] == [
        ("import", ["read", "write"]),
        ("first start", ["read", "write", "admin"]),
    ]
    table = (await cli("keys", "list")).out
    assert f"{secret[:7]}…" in table
    assert secret not in table
    assert (await cli("keys", "revoke", items[0]["id"], "--yes")).code == 0
    assert not await by_key(site, secret).opens()
    assert (await cli("keys", "revoke", items[0]["id"], "--yes")).code == 4
    assert (await cli("keys", "create", "k", "-s", "owner")).code == 2


async def test_a_tenant_is_made_and_a_key_for_it(cli: Run, site: Site) -> None:
    name = f"Research {site.first.tenant}"
    tenant = (await cli("tenants", "create", name, "--json")).json["id"]
    listed = (await cli("tenants", "list")).out.splitlines()
    assert [tenant in line for line in listed] == [False, False, True]
    assert "current" in listed[1]
    assert (await cli("tenants", "create", name)).code == 4
    options = ("--as", site.first.email, "--tenant", tenant, "--json")
    made = await cli("keys", "create", "there", *options, typed=f"{site.first.password}\n")
    assert (made.code, made.err) == (0, "")
    who = await by_key(site, made.json["secret"]).told("GET", "/session")
    assert (who["tenant"], who["scopes"]) == (tenant, ["read"])
    items = (await cli("tenants", "list", "--json")).json["items"]
    assert [one["current"] for one in items] == [True, False]


@pytest.mark.requirement("G4", part="verified by a command")
async def test_the_log_is_listed_and_verified(cli: Run, site: Site, database: TestDatabase) -> None:
    for name in ("ada", "bob", "cleo"):
        await cli("users", "create", mail(site, name))
    listed = await cli("audit", "list", "--event", "user.made", "-n", "2")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["N", "3", "2"]
    assert len((await cli("audit", "list", "--json")).json["items"]) == 3
    whole = await cli("audit", "verify")
    assert (whole.code, whole.err) == (0, "")
    assert "up to entry 3" in whole.out
    head = whole.out.split()[-1]
    await cli("users", "create", mail(site, "dora"))
    noted = await cli("audit", "verify", "--head", head, "--json")
    assert (noted.code, noted.json["head_found"], noted.json["entries"]) == (0, True, 4)
    where = f"tenant_id = '{site.first.tenant}'"
    database.query(f"DELETE FROM audit_log WHERE seq > 2 AND {where} RETURNING seq")
    cut = await cli("audit", "verify", "--head", head)
    assert cut.code == 1
    assert "its end was cut off" in cut.err
    database.query(f"UPDATE audit_log SET subject = 'x' WHERE seq = 2 AND {where} RETURNING seq")
    broken = await cli("audit", "verify")
    assert broken.code == 1
    assert "entry 2, what it says was changed" in broken.err
