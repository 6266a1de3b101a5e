"""Requests that are wrong, and how each is answered: JSON bodies, paths, queries, headers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx2

RUNS, SEARCH, COLLECTIONS = "/api/v1/runs", "/api/v1/search", "/api/v1/collections"
DOCUMENTS = f"{COLLECTIONS}/default/documents"
NOBODY = "ab946c01-451e-41b4-a9d6-316ff31426db"
JSON = "application/json"
GOAL = {"goal": "g"}
# More than Python turns into a number.
DIGITS = "9" * 5000


@dataclass(frozen=True)
class Case:
    """A request that is wrong, and how it is answered."""

    name: str
    method: str
    path: str
    status: int = 422
    code: str = "invalid_input"
    about: str | None = None
    json: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, api: httpx2.Client) -> httpx2.Response:
        """Send the request."""
        if self.body is not None:
            return api.request(self.method, self.path, content=self.body, headers=self.headers)
        return api.request(self.method, self.path, json=self.json, headers=self.headers)


def _raw(name: str, path: str, body: str | bytes, about: str, media_type: str = JSON) -> Case:
    data = body.encode() if isinstance(body, str) else body
    headers = {"content-type": media_type} if media_type else {}
    return Case(name, "POST", path, about=about, body=data, headers=headers)


def _fields(path: str, what: str, bodies: Iterable[tuple[str, str, object]]) -> list[Case]:
    return [
        Case(f"{what}: {name}", "POST", path, about=about, json=body)
        for name, about, body in bodies
    ]


def json_bodies() -> list[Case]:
    """Give bodies of a kind no route takes."""
    return [
        Case("no body", "POST", RUNS, about="body"),
        Case("an array", "POST", RUNS, about="body", json=[GOAL]),
        Case("a string", "POST", RUNS, about="body", json="goal"),
        _raw("null", RUNS, "null", "body"),
        _raw("invalid JSON", RUNS, '{"goal": ', "body"),
        _raw("two values", RUNS, '{"goal": "g"} {}', "body"),
        _raw("invalid UTF-8", RUNS, b'{"goal": "\xff"}', "body"),
        _raw("too deep", RUNS, "[" * 100_000, "body"),
        _raw("a number of 5000 digits", RUNS, f'{{"goal": {DIGITS}}}', "body"),
        _raw("not a number", RUNS, '{"goal": NaN}', "goal"),
        _raw("half a pair as a value", RUNS, '{"goal": "\\ud800"}', "goal"),
        _raw("half a pair as a field", RUNS, '{"goal": "g", "\\ud800": 1}', "body"),
        _raw("text", RUNS, '{"goal": "g"}', "body", "text/plain"),
        _raw("no type", RUNS, '{"goal": "g"}', "body", ""),
        _raw("a form", RUNS, "goal=g", "body", "application/x-www-form-urlencoded"),
    ]


def runs() -> list[Case]:
    """Give wrong runs."""
    key = "Idempotency-Key"
    return [
        *_fields(
            RUNS,
            "run",
            [
                ("no goal", "goal", {}),
                ("null goal", "goal", {"goal": None}),
                ("number as goal", "goal", {"goal": 7}),
                ("empty goal", "goal", {"goal": ""}),
                ("blank goal", "goal", {"goal": " \n\t\u2003"}),
                ("NUL in goal", "goal", {"goal": "a\x00b"}),
                ("long goal", "goal", {"goal": "x" * 10_001}),
                ("unknown field", "colection", {**GOAL, "colection": "a"}),
                ("unknown workflow", "workflow", {**GOAL, "workflow": "nosuch"}),
                ("workflow of the platform", "workflow", {**GOAL, "workflow": "index"}),
                ("path as workflow", "workflow", {**GOAL, "workflow": "../index"}),
                ("path as collection", "collection", {**GOAL, "collection": "../a"}),
                ("number as collection", "collection", {**GOAL, "collection": 1}),
            ],
        ),
        Case(
            "run: no such collection",
            "POST",
            RUNS,
            404,
            "not_found",
            json=GOAL | {"collection": "a"},
        ),
        *(
            Case(f"run: key {value!r:.9}", "POST", RUNS, about=key, json=GOAL, headers={key: value})
            for value in ("", "a b", "k" * 256)
        ),
    ]


def searches() -> list[Case]:
    """Give wrong searches."""
    query = {"query": "q"}
    limits: list[object] = [0, -1, 101, 10**30, "5", 1.5, True, None]
    return [
        *_fields(
            SEARCH,
            "search",
            [
                ("no query", "query", {}),
                ("blank query", "query", {"query": "  "}),
                ("NUL in query", "query", {"query": "a\x00"}),
                ("long query", "query", {"query": "x" * 2001}),
                ("unknown field", "top", {**query, "top": 1}),
                ("blank collection", "collection", {**query, "collection": ""}),
                *((f"limit {limit!r:.9}", "limit", {**query, "limit": limit}) for limit in limits),
            ],
        ),
        Case("search: nowhere", "POST", SEARCH, 404, "not_found", json=query | {"collection": "a"}),
    ]


def collections() -> list[Case]:
    """Give wrong collections."""
    names: list[object] = [
        *("", " ", "A", "-a", "_a", "a b", "ä", "../x", "a/b", "..", "a\n", "a\x00", "C:\\x"),
        *("a" * 64, "a" * 300, 7, None, ["a"]),
    ]
    in_paths = ("Default", "a%20b", "a%00b", "%ff", "..%5cx", "a" * 64, "%0adefault", "default%0a")
    return [
        Case(
            "collection: there already",
            "POST",
            COLLECTIONS,
            409,
            "already_exists",
            json={"name": "default"},
        ),
        Case("collection: no name", "POST", COLLECTIONS, about="name", json={}),
        Case(
            "collection: unknown field",
            "POST",
            COLLECTIONS,
            about="size",
            json={"name": "a", "size": 1},
        ),
        *(
            Case(f"collection: {name!r:.9}", "POST", COLLECTIONS, about="name", json={"name": name})
            for name in names
        ),
        *(
            Case(f"{method} {name:.12}", method, f"{COLLECTIONS}/{name}", about="name")
            for name in in_paths
            for method in ("GET", "DELETE")
        ),
    ]


def paths() -> list[Case]:
    """Give paths where nothing is, and methods that are not possible."""
    missing = [
        ("GET", "/"),
        ("GET", "/api/v1/nosuch"),
        ("GET", f"{RUNS}/"),
        ("GET", f"{RUNS}/{NOBODY}"),
        ("POST", f"{RUNS}/{NOBODY}/cancel"),
        ("POST", f"{RUNS}/{NOBODY}/retry"),
        ("GET", f"{RUNS}/{NOBODY}/events"),
        ("GET", f"{COLLECTIONS}/nosuch"),
        ("GET", f"{COLLECTIONS}/..%2Fdefault"),
        ("DELETE", f"{COLLECTIONS}/nosuch"),
        ("GET", f"{COLLECTIONS}/nosuch/documents"),
        ("GET", f"{COLLECTIONS}/nosuch/documents/{NOBODY}"),
        ("GET", f"{DOCUMENTS}/{NOBODY}"),
        ("GET", f"{DOCUMENTS}/{NOBODY}/text"),
        ("DELETE", f"{DOCUMENTS}/{NOBODY}"),
    ]
    not_ids = [
        *(("GET", f"{RUNS}/{name}", "run") for name in ("7", "%00", f"{NOBODY}0", "..%5c")),
        ("POST", f"{RUNS}/x/cancel", "run"),
        ("POST", f"{RUNS}/x/retry", "run"),
        ("GET", f"{RUNS}/x/events", "run"),
        ("GET", f"{DOCUMENTS}/7", "document"),
        ("GET", f"{DOCUMENTS}/7/text", "document"),
        ("DELETE", f"{DOCUMENTS}/7", "document"),
    ]
    impossible = [("PUT", COLLECTIONS), ("PATCH", f"{RUNS}/{NOBODY}"), ("POST", "/health/live")]
    return [
        *(Case(f"{how} {path}", how, path, 404, "not_found") for how, path in missing),
        *(Case(f"{how} {path}", how, path, about=about) for how, path, about in not_ids),
        *(Case(f"{how} {path}", how, path, 405, "method_not_allowed") for how, path in impossible),
    ]


def queries() -> list[Case]:
    """Give wrong query parameters, and wrong places to resume from."""
    lists = (COLLECTIONS, DOCUMENTS, RUNS, "/api/v1/agents")
    pages = [
        *(f"limit={limit}" for limit in ("0", "201", "abc", "", "-1", 10**30, DIGITS)),
        *(f"cursor={cursor}" for cursor in ("%21%21", "%00", "_w", "AA", "A" * 501)),
        *("offset=3", "limt=2"),
    ]
    spans = [
        *(f"start={start}" for start in ("-1", "a", "", 10**30, DIGITS)),
        *(f"end={end}" for end in ("-1", 2**63, "1.5")),
        "stop=3",
    ]
    others = [
        (f"{RUNS}?status=done", "status"),
        (f"{RUNS}?cursor=eA", "cursor"),
        (f"{COLLECTIONS}?limit=1&limt=2", "limt"),
        (f"{COLLECTIONS}?limit=1&limit=2", "limit"),
        (f"{RUNS}?status=failed&status=failed", "status"),
        (f"{COLLECTIONS}/default?verbose=1", "verbose"),
        ("/health/ready?full=1", "full"),
        ("/metrics?name=a", "name"),
    ]
    queried = [(f"{path}?{query}", query.partition("=")[0]) for path in lists for query in pages]
    queried += [(f"{DOCUMENTS}/{NOBODY}/text?{query}", query.partition("=")[0]) for query in spans]
    last = "Last-Event-ID"
    watch = f"{RUNS}/{NOBODY}/events"
    return [
        *(Case(f"{path:.60}", "GET", path, about=about) for path, about in queried + others),
        Case(
            "a query on a body's route",
            "POST",
            f"{SEARCH}?limit=3",
            about="limit",
            json={"query": "q"},
        ),
        *(
            Case(f"watch after {value:.9}", "GET", watch, about=last, headers={last: value})
            for value in ("abc", "-1", "", "1.5", str(2**31), str(2**63), DIGITS)
        ),
    ]


ALL = [*json_bodies(), *runs(), *searches(), *collections(), *paths(), *queries()]
