"""Who may ask: everything needs a key but health and the documentation."""

import re

import httpx2
import pytest

from tests.integration.api.answers import assert_problem
from tests.integration.api.running import Running, Tenant

SCHEMES = {
    "no scheme": "{key}",
    "another scheme": "Basic {key}",
    "digest": "Digest {key}",
    "nothing after it": "Bearer",
    "blank after it": "Bearer  ",
    "two keys": "Bearer {key} {key}",
    "quoted": 'Bearer "{key}"',
    "cut": "Bearer {cut}",
    "longer": "Bearer {key}x",
    "wrong": "Bearer sk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "no key at all": "Bearer hello",
    "very long": "Bearer sk_" + "A" * 5000,
    "other case": "Bearer {upper}",
    "SQL": "Bearer ' OR 1=1 --",
}

EXCHANGES = {
    "/api/v1/session/token",
    *(f"/api/v1/auth/{w}" for w in ("token", "refresh", "logout")),
}


def assert_unauthenticated(answer: httpx2.Response) -> None:
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("what", SCHEMES)
def test_what_is_no_key_is_refused(platform: Running, keyless: httpx2.Client, what: str) -> None:
    key = platform.tenant.api_key
    shown = SCHEMES[what].format(key=key, cut=key[:-1], upper=key.upper())
    answer = keyless.get("/api/v1/collections", headers={"Authorization": shown.rstrip()})
    assert_unauthenticated(answer)


def test_bytes_that_are_no_text_are_refused(keyless: httpx2.Client) -> None:
    headers = [(b"Authorization", b"Bearer sk_\xff\xfe")]
    assert_unauthenticated(keyless.get("/api/v1/collections", headers=headers))


def test_scheme_is_known_in_any_case(platform: Running, keyless: httpx2.Client) -> None:
    headers = {"Authorization": f"bEARER {platform.tenant.api_key}"}
    assert keyless.get("/api/v1/collections", headers=headers).status_code == 200


def test_every_operation_but_health_needs_a_key(keyless: httpx2.Client) -> None:
    paths = keyless.get("/openapi.json").json()["paths"]
    asked = 0
    for path, operations in paths.items():
        for method in operations:
            answer = keyless.request(method, path.replace("{", "").replace("}", ""))
            if path.startswith("/health/"):
                assert answer.status_code == 200
            elif path in EXCHANGES:
                # What they ask for stands in the body.
                assert_problem(answer, 422, "invalid_input")
            else:
                assert_unauthenticated(answer)
                asked += 1
    assert asked >= 15


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/health/live", "/health/ready"])
def test_documentation_and_health_are_open(keyless: httpx2.Client, path: str) -> None:
    assert keyless.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/runs", b'{"goal": '),
        ("/api/v1/runs?nosuch=1", b"{}"),
        ("/api/v1/runs/not-an-id/cancel", b""),
        ("/api/v1/collections/default/documents", b"no form"),
    ],
    ids=["invalid JSON", "unknown query", "bad id", "no form"],
)
def test_the_key_is_asked_for_before_all_else(
    keyless: httpx2.Client, path: str, body: bytes
) -> None:
    headers = {"content-type": "application/json"}
    assert_unauthenticated(keyless.post(path, content=body, headers=headers))


def test_a_revoked_key_is_refused(platform: Running) -> None:
    leaver = platform.new_tenant()
    with platform.client(leaver) as client:
        assert client.get("/api/v1/collections").status_code == 200
        platform.execute(
            "UPDATE api_keys SET revoked_at = now() WHERE tenant_id = %(id)s", {"id": leaver.id}
        )
        assert_unauthenticated(client.get("/api/v1/collections"))


def test_a_tenant_sees_nothing_of_another(
    platform: Running, api: httpx2.Client, neighbour: Tenant, neighbour_api: httpx2.Client
) -> None:
    made = api.post("/api/v1/collections", json={"name": "ours"})
    assert made.status_code == 201
    for path in ("/api/v1/collections/ours", "/api/v1/collections/ours/documents"):
        assert_problem(neighbour_api.get(path), 404, "not_found")
    body = {"query": "q", "collection": "ours"}
    assert_problem(neighbour_api.post("/api/v1/search", json=body), 404, "not_found")
    body = {"goal": "g", "collection": "ours"}
    assert_problem(neighbour_api.post("/api/v1/runs", json=body), 404, "not_found")
    assert_problem(neighbour_api.delete("/api/v1/collections/ours"), 404, "not_found")
    names = {item["name"] for item in neighbour_api.get("/api/v1/collections").json()["items"]}
    assert names == {"default"}
    # The same name is free for another tenant, and is another collection.
    assert neighbour_api.post("/api/v1/collections", json={"name": "ours"}).status_code == 201
    assert neighbour_api.delete("/api/v1/collections/ours").status_code == 204
    assert api.get("/api/v1/collections/ours").json()["id"] == made.json()["id"]
    assert api.delete("/api/v1/collections/ours").status_code == 204


def test_the_docs_page_needs_nothing_from_elsewhere(keyless: httpx2.Client) -> None:
    page = keyless.get("/docs").text
    named = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page)
    assert len(named) >= 4
    assert all(place.startswith("/") for place in named), named
    for place in named:
        answer = keyless.get(place)
        assert answer.status_code == 200, place
        assert answer.content
