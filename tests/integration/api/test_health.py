"""Health, metrics and agents: what an operator sees."""

from uuid import uuid4

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.api.answers import assert_problem, ended, eventually, indexed
from tests.integration.api.running import Running


def metrics(api: httpx2.Client) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Read all samples by name and labels."""
    answer = api.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {}), "a sample is there twice"
            found[sample.name][labels] = sample.value
    return found


def test_it_lives(keyless: httpx2.Client) -> None:
    answer = keyless.get("/health/live")
    assert answer.json() == {"status": "live"}


def test_it_is_ready_part_by_part(keyless: httpx2.Client) -> None:
    answer = keyless.get("/health/ready")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["ready"], body["profile"]) == (True, "embedded")
    parts = {part["name"]: part["ok"] for part in body["parts"]}
    assert parts == {"database": True, "embedder": True}


def test_requests_are_measured_by_route(api: httpx2.Client) -> None:
    def count(route: str, status: str) -> float:
        labels = (("method", "GET"), ("route", route), ("status", status))
        name = "sutazai_http_request_duration_seconds_count"
        return metrics(api).get(name, {}).get(labels, 0.0)

    run = "/api/v1/runs/{run}"
    before = count(run, "404"), count(run, "422"), count("unmatched", "404")
    api.get("/api/v1/runs/01900000-0000-7000-8000-000000000000")
    api.get("/api/v1/runs/not-an-id")
    api.get("/no/such/page")
    assert (count(run, "404"), count(run, "422"), count("unmatched", "404")) == (
        *(number + 1 for number in before),
    )


def test_no_route_label_holds_an_id(api: httpx2.Client) -> None:
    document = indexed(api, "measured.txt", "Measured words.")
    for path in ("", "/text"):
        api.get(f"/api/v1/collections/default/documents/{document['id']}{path}")
    api.request("BREW", "/api/v1/runs")
    seen = metrics(api)["sutazai_http_request_duration_seconds_count"]
    routes = {dict(labels)["route"] for labels in seen}
    pages = {"/docs", "/openapi.json", "/login", "/logout", "unmatched"}
    known = set(api.get("/openapi.json").json()["paths"]) | pages
    assert routes <= known
    methods = {dict(labels)["method"] for labels in seen}
    assert methods <= {*("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"), "other"}


def test_work_is_counted(api: httpx2.Client) -> None:
    before = metrics(api)
    indexed(api, "counted.txt", f"Words that count {uuid4()}.")  # tried again, it is new again
    run = api.post("/api/v1/runs", json={"goal": "What counts?"}).json()["id"]
    assert ended(api, run)["status"] == "succeeded"

    def grew(name: str, **labels: str) -> float:
        key = tuple(sorted(labels.items()))
        return metrics(api)[name].get(key, 0.0) - before.get(name, {}).get(key, 0.0)

    def worked(agent: str) -> float:
        return grew("sutazai_agent_work_seconds_count", agent=agent, kind="succeeded")

    agents = ("librarian", "researcher", "reviewer", "writer")
    assert [grew("sutazai_agent_claims_total", agent=agent) for agent in agents] == [1] * 4
    # An agent counts its work when it has heard that its outcome was taken.
    eventually(lambda: all(worked(agent) == 1 for agent in agents), "all work is counted")
    assert grew("sutazai_outcomes_total", kind="succeeded") == 4
    assert grew("sutazai_wake_ups_sent_total") >= 4
    assert metrics(api)["sutazai_claims_taken_back_total"][()] == 0


def test_watchers_are_counted(platform: Running, api: httpx2.Client) -> None:
    assert metrics(api)["sutazai_run_watchers"][()] == platform.platform.runs.feed.watchers


def test_agents_are_listed(api: httpx2.Client) -> None:
    answer = api.get("/api/v1/agents")
    assert answer.status_code == 200
    agents = {agent["name"]: agent for agent in answer.json()["items"]}
    assert list(agents) == ["librarian", "researcher", "reviewer", "writer"]
    assert answer.json()["next"] is None
    for agent in agents.values():
        assert agent["description"]
        assert agent["capabilities"]
        assert agent["version"]
        assert agent["status"] in {"idle", "busy"}
        assert agent["workers"] == 1
        assert 0 <= agent["busy"] <= agent["slots"]


def test_agents_are_listed_in_pages(api: httpx2.Client) -> None:
    first = api.get("/api/v1/agents", params={"limit": 2}).json()
    assert [agent["name"] for agent in first["items"]] == ["librarian", "researcher"]
    second = api.get("/api/v1/agents", params={"limit": 2, "cursor": first["next"]}).json()
    assert [agent["name"] for agent in second["items"]] == ["reviewer", "writer"]
    assert second["next"] is None


def test_an_agent_shows_what_it_did(api: httpx2.Client) -> None:
    def librarian() -> dict[str, object]:
        agents = api.get("/api/v1/agents").json()["items"]
        found: dict[str, object] = next(a for a in agents if a["name"] == "librarian")
        return found

    before = librarian()["done"]
    indexed(api, "done.txt", "Done and dusted.")
    after = librarian()
    assert after["done"] == before + 1  # type: ignore[operator]
    assert after["last_work_at"] is not None


def test_an_answer_has_the_request_id_that_was_given(api: httpx2.Client) -> None:
    given = api.get("/api/v1/collections", headers={"X-Request-Id": "Trace-1.a_b"})
    assert given.headers["x-request-id"] == "Trace-1.a_b"
    assert given.headers["x-content-type-options"] == "nosniff"
    made = api.get("/api/v1/collections").headers["x-request-id"]
    assert made != api.get("/api/v1/collections").headers["x-request-id"]
    for bad in ("a" * 65, "a b", "a;b", "<script>"):
        answer = api.get("/api/v1/nosuch", headers={"X-Request-Id": bad})
        assert assert_problem(answer, 404, "not_found")["request_id"] != bad
