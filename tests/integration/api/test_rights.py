"""Who may do what: every route by every role and key, in their own tenant, another's and none.

The table is written by hand and compared with the routes there are: a new one fails here until it
stands in it. That a route says what it needs at all is seen to when it is made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx2
import pytest

from sutazai.core.identity.login import digest_of, new_secret
from sutazai.entrypoints.api.app import api_routes
from sutazai.entrypoints.api.dependencies import KeyedRoute, keyed_router
from sutazai_contracts.identifiers import new_id
from tests.integration.api.answers import ended, indexed
from tests.integration.api.running import Running, Tenant

# What stands in front of each row is who may: see `MAY`. The last word is what the way leads to
# that belongs to a tenant; a stranger's is as if it were not there.
TABLE = """
all    GET    /login
all    POST   /login
all    GET    /logout
all    POST   /logout
all    GET    /health/live
all    GET    /health/ready
all    POST   /api/v1/session/token
all    POST   /api/v1/auth/token
all    POST   /api/v1/auth/refresh
all    POST   /api/v1/auth/logout
known  GET    /api/v1/session
known  DELETE /api/v1/session
login  POST   /api/v1/session/tenant
login  POST   /api/v1/password
own    DELETE /api/v1/sessions
own    GET    /api/v1/tenants
own    GET    /api/v1/keys
own    POST   /api/v1/keys
own    DELETE /api/v1/keys/{key}                                      key
read   GET    /metrics
read   GET    /api/v1/agents
read   GET    /api/v1/models
read   GET    /api/v1/collections
read   GET    /api/v1/collections/{name}                              collection
read   GET    /api/v1/collections/{name}/documents                    collection
read   GET    /api/v1/collections/{name}/documents/{document}         document
read   GET    /api/v1/collections/{name}/documents/{document}/text    document
read   POST   /api/v1/search
read   GET    /api/v1/graph/entities
read   GET    /api/v1/graph/neighbours
read   GET    /api/v1/graph/path
read   GET    /api/v1/graph/sources
read   GET    /api/v1/graph/communities
read   GET    /api/v1/graph/projection
write  POST   /api/v1/graph/rebuild
read   GET    /api/v1/graph/answers/{run}                             run
read   GET    /api/v1/runs
read   GET    /api/v1/runs/{run}                                      run
read   GET    /api/v1/runs/{run}/events                               run
read   GET    /api/v1/conversations
read   GET    /api/v1/conversations/{conversation}                    conversation
read   GET    /api/v1/conversations/{conversation}/messages           conversation
write  POST   /api/v1/collections
write  DELETE /api/v1/collections/{name}                              collection
write  POST   /api/v1/collections/{name}/rebuild                      collection
write  POST   /api/v1/collections/{name}/documents
write  DELETE /api/v1/collections/{name}/documents/{document}         document
write  POST   /api/v1/runs
write  POST   /api/v1/runs/{run}/cancel                               run
write  POST   /api/v1/runs/{run}/retry                                run
write  POST   /api/v1/conversations
write  PATCH  /api/v1/conversations/{conversation}                    conversation
write  DELETE /api/v1/conversations/{conversation}                    conversation
write  POST   /api/v1/conversations/{conversation}/messages           conversation
admin  GET    /api/v1/export
admin  POST   /api/v1/import
admin  POST   /api/v1/tenants
admin  GET    /api/v1/users
admin  POST   /api/v1/users
admin  GET    /api/v1/users/{user}                                    user
admin  PATCH  /api/v1/users/{user}                                    user
admin  POST   /api/v1/users/{user}/password                           user
admin  DELETE /api/v1/users/{user}                                    user
admin  GET    /api/v1/audit
admin  GET    /api/v1/audit/verification
"""
LOGINS = ("admin", "member", "viewer")
KEYS = {
    "key read": ("admin", ["read"]),
    "key write": ("admin", ["write"]),
    "key admin": ("admin", ["admin"]),
    "key all": ("admin", ["read", "write", "admin"]),
    "member's key all": ("member", ["read", "write", "admin"]),
    "viewer's key all": ("viewer", ["read", "write", "admin"]),
}
ONE_TIME = "one-time password"
CALLERS = (*LOGINS, ONE_TIME, *KEYS)
MAY = {
    "known": set(CALLERS),
    "login": {*LOGINS, ONE_TIME},
    "own": {*LOGINS, "key admin", "key all"},
    "read": {*LOGINS, "key read", "key all", "member's key all", "viewer's key all"},
    "write": {"admin", "member", "key write", "key all", "member's key all"},
    "admin": {"admin", "key admin", "key all"},
}
# What is sent so that it is done; what is not named here is sent without a body.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/keys": {"json": {"name": "k", "scopes": []}},
    "POST /api/v1/search": {"json": {"query": "words"}},
    "GET /api/v1/graph/entities": {"params": {"text": "words"}},
    "GET /api/v1/graph/sources": {
        "params": {"subject": UUID(int=1), "kind": "together", "object": UUID(int=2)}
    },
    "PATCH /api/v1/conversations/{conversation}": {"json": {"title": "Words"}},
    "POST /api/v1/conversations/{conversation}/messages": {"json": {"goal": "Which words?"}},
    "PATCH /api/v1/users/{user}": {"json": {"disabled": False}},
}


@dataclass(frozen=True)
class Row:
    """A route, who may use it, and what of a tenant its path names."""

    who: str
    method: str
    path: str
    names: str | None = None

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


ROWS = [Row(*line.split()) for line in TABLE.strip().splitlines()]
KEYED = [row for row in ROWS if row.who != "all"]


@dataclass
class World:
    """Two tenants with everything there is, and those of the first who ask."""

    platform: Running
    tenant: Tenant
    api: httpx2.Client
    other: httpx2.Client
    anybody: httpx2.Client
    users: dict[str, UUID] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    made: dict[str, dict[str, str]] = field(default_factory=dict)
    count: int = 0

    def credential(self, caller: str) -> str:
        """Give a key, or an access token of a login that begins now."""
        if caller in self.keys:
            return self.keys[caller]
        return self.platform.call(self._login(self.users[caller]))

    async def _login(self, user: UUID) -> str:
        login = self.platform.platform.login
        new = login.new_session(self.tenant.id, user, refresh=digest_of(new_secret()))
        await login.sessions.create(new, login.now())
        session = await login.sessions.get(new.id, login.now())
        assert session is not None
        return login.access(session).token

    def path_of(self, row: Row, whose: httpx2.Client, user: UUID | None = None) -> str:
        """Give a path to what belongs to a tenant; made for this user alone, or kept there."""
        return row.path.format(**self.something(row.names, whose, user))

    def something(
        self, names: str | None, whose: httpx2.Client, user: UUID | None = None
    ) -> dict[str, str]:
        """Give the parts of a path that name a thing of a tenant."""
        if names is None:
            return {"name": "default"}
        kept = f"{names} of {id(whose)}"
        if user is None and kept in self.made:
            return self.made[kept]
        self.count += 1
        if names == "key" and user is not None:
            return {"key": str(key_of(self.platform, self.tenant, user, ["read"])[0])}
        if names == "conversation" and user is not None:
            return {"conversation": str(conversation_of(self.platform, self.tenant, user))}
        make: Callable[[httpx2.Client], dict[str, str]] = getattr(self, f"_{names}")
        made = make(whose)
        if user is None:
            self.made[kept] = made
        return made

    def _collection(self, whose: httpx2.Client) -> dict[str, str]:
        name = f"table-{self.count}"
        assert whose.post("/api/v1/collections", json={"name": name}).status_code == 201
        return {"name": name}

    def _document(self, whose: httpx2.Client) -> dict[str, str]:
        found = self.something("collection", whose)
        document = indexed(whose, f"{self.count}.txt", "Words.", found["name"])
        return {**found, "document": document["id"]}

    def _run(self, whose: httpx2.Client) -> dict[str, str]:
        run = whose.post("/api/v1/runs", json={"goal": "Which words?"}).json()["id"]
        ended(whose, run)
        return {"run": run}

    def _conversation(self, whose: httpx2.Client) -> dict[str, str]:
        return {"conversation": whose.post("/api/v1/conversations", json={}).json()["id"]}

    def _user(self, whose: httpx2.Client) -> dict[str, str]:
        tenant = whose.get("/api/v1/session").json()["tenant"]
        return {"user": str(new_user(self.platform, tenant, "viewer"))}

    def _key(self, whose: httpx2.Client) -> dict[str, str]:
        answer = whose.post("/api/v1/keys", json={"name": "k", "scopes": ["read"]})
        return {"key": answer.json()["key"]["id"]}


@pytest.fixture(scope="module")
def world(platform: Running) -> Iterator[World]:
    """Make two tenants, and users and keys of the first."""
    tenant, neighbour = platform.new_tenant(), platform.new_tenant()
    with (
        platform.client(tenant) as api,
        platform.client(neighbour) as other,
        httpx2.Client(base_url=platform.url, timeout=20, verify=False, trust_env=False) as anybody,
    ):
        made = World(platform, tenant, api, other, anybody)
        for caller, role in [*((role, role) for role in LOGINS), (ONE_TIME, "admin")]:
            made.users[caller] = new_user(platform, tenant.id, role)
        platform.execute(
            "UPDATE users SET one_time_until = now() + interval '1 day' WHERE id = %(one)s",
            {"one": made.users[ONE_TIME]},
        )
        for caller, (role, scopes) in KEYS.items():
            made.users[caller] = made.users[role]
            made.keys[caller] = key_of(platform, tenant, made.users[role], scopes)[1]
        yield made


def new_user(platform: Running, tenant: UUID | str, role: str) -> UUID:
    """Write a user down, without the work that a password costs."""
    user = new_id()
    given: dict[str, object] = {"id": user, "tenant": tenant, "role": role}
    platform.execute(
        "INSERT INTO users (id, tenant_id, email, password_hash)"
        " VALUES (%(id)s, %(tenant)s, %(id)s || '@example.org', '-')",
        given,
    )
    platform.execute(
        "INSERT INTO memberships (user_id, tenant_id, role) VALUES (%(id)s, %(tenant)s, %(role)s)",
        given,
    )
    return user


def key_of(platform: Running, tenant: Tenant, user: UUID, scopes: list[str]) -> tuple[UUID, str]:
    """Write a key down that nobody could make who may do less."""
    key, secret = new_id(), f"sk_{new_secret()}"
    platform.execute(
        "INSERT INTO api_keys (id, tenant_id, user_id, name, prefix, digest, scopes)"
        " VALUES (%(id)s, %(tenant)s, %(user)s, 'table', 'sk_test', %(digest)s, %(scopes)s)",
        {
            "id": key,
            "tenant": tenant.id,
            "user": user,
            "digest": digest_of(secret),
            "scopes": scopes,
        },
    )
    return key, secret


def conversation_of(platform: Running, tenant: Tenant, user: UUID) -> UUID:
    """Write a conversation down, of somebody who may be one that makes none."""
    conversation = new_id()
    platform.execute(
        "INSERT INTO conversations (id, tenant_id, user_id, collection)"
        " VALUES (%(id)s, %(tenant)s, %(user)s, 'default')",
        {"id": conversation, "tenant": tenant.id, "user": user},
    )
    return conversation


def ask(world: World, row: Row, credential: str | None, path: str) -> httpx2.Response:
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
    body = BODIES.get(row.route, {})
    return world.anybody.request(row.method, path, headers=headers, **body)


def test_the_table_has_every_route_and_no_other() -> None:
    routes = {
        (method, route.path): route for route in api_routes() for method in route.methods or ()
    }
    assert len(ROWS) == len({row.route for row in ROWS})
    assert {(row.method, row.path) for row in ROWS} == set(routes)
    for row in ROWS:
        route = routes[row.method, row.path]
        assert isinstance(route, KeyedRoute) == (row.who != "all"), row
        named = {"{name}", "{document}", "{run}", "{conversation}", "{user}", "{key}"}
        if any(part in row.path for part in named):
            assert row.names or row.route == "POST /api/v1/collections/{name}/documents", row


def test_a_route_that_does_not_say_what_it_needs_is_none() -> None:
    router = keyed_router("/api/v1/nothing", "people")

    async def forgotten() -> None:
        """Need nothing."""

    with pytest.raises(TypeError, match="has to say once what it needs"):
        router.get("")(forgotten)


@pytest.mark.requirement("G1", part="roles and scopes, per-tenant")
@pytest.mark.requirement("B9", part="every route")
@pytest.mark.parametrize("row", KEYED, ids=lambda row: row.route)
def test_a_route_is_open_to_those_of_the_table_alone(world: World, row: Row) -> None:
    for caller in CALLERS:
        credential, may = world.credential(caller), caller in MAY[row.who]
        # What is removed is made for that, and for who removes it; a conversation is one person's.
        own = row.method == "DELETE" or row.names == "conversation"
        made_for = world.users[caller] if may and own else None
        answer = ask(world, row, credential, world.path_of(row, world.api, made_for))
        told = f"{row.route} by {caller}: {answer.status_code} {answer.text[:200]}"
        if not may:
            assert answer.status_code == 403, told
            due = caller == ONE_TIME
            assert answer.json()["code"] == ("password_change_due" if due else "forbidden"), told
            continue
        assert answer.status_code not in (401, 403, 404, 405), told
        assert answer.status_code < 500, told
        if row.names is not None:
            # What belongs to another tenant is not there, and stays as it is.
            answer = ask(world, row, credential, world.path_of(row, world.other))
            assert answer.status_code == 404, f"{row.route} of another by {caller}"
    # From an address of its own: one that shows a hundred wrong credentials is slowed.
    with from_address(world.platform, f"127.0.2.{1 + ROWS.index(row)}") as stranger:
        elsewhere = replace(world, anybody=stranger)
        for nobody in (None, "sk_" + "A" * 43, "no.token.here"):
            answer = ask(elsewhere, row, nobody, world.path_of(row, world.api))
            assert answer.status_code == 401, row.route


def from_address(platform: Running, address: str) -> httpx2.Client:
    """Open a client that shows nothing, and connects from an address of this machine."""
    transport = httpx2.HTTPTransport(local_address=address, verify=False, trust_env=False)
    return httpx2.Client(base_url=platform.url, timeout=20, transport=transport)


def test_what_is_another_s_is_there_all_the_same(world: World) -> None:
    """Else the table would be right of an empty tenant too."""
    names = {row.names for row in KEYED if row.names}
    found = {name: world.something(name, world.other) for name in names}
    for row in KEYED:
        if row.method == "GET" and row.names and row.names != "key":
            answer = world.other.get(row.path.format(**found[row.names]))
            assert answer.status_code == 200, row.route
