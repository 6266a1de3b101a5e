"""What a person can do about a part that is unwell, by its name and the profile it runs in."""

from collections.abc import Mapping

# Each says what less works meanwhile, and what to look at.
_EMBEDDED: Mapping[str, str] = {
    "database": "PostgreSQL is started again by itself. If it stays away, look at the disk's free "
    "space and at what `sutazai run` printed; `sutazai doctor` looks at both.",
    "embedder": "It is started again by itself; documents wait and none is lost. If it stays away, "
    "look at logs/embedder.log in the platform's folder and run `sutazai doctor`.",
    "dashboard": "The API and the command line work without it. Look at logs/dashboard.log in the "
    "platform's folder; another port is set by SUTAZAI_DASHBOARD_PORT.",
}
_STACK: Mapping[str, str] = {
    "database": "Nothing works without it. Look at `make logs ARGS=postgres`, and at the disk's "
    "free space.",
    "broker": "Agents are not woken, and nothing is lost: what was taken in goes on once it is "
    "back. Look at `make logs ARGS=rabbitmq`.",
    "embedder": "Questions and documents wait meanwhile. Look at `make logs ARGS=embedder`.",
    "registry": "Agents can't be found anew; those at work go on. Look at `make logs ARGS=consul`.",
    "redis": "Text is not shown while it is written; answers come nevertheless. Look at "
    "`make logs ARGS=redis`.",
    "graph": "The graph is asked of PostgreSQL meanwhile, and answers the same; what was not "
    "projected yet is once Neo4j is back. Look at `make logs ARGS=neo4j`.",
    "vectors": "Nothing can be searched or indexed meanwhile. Look at `make logs ARGS=qdrant`.",
}
_ANY = {"embedded": "Run `sutazai doctor`.", "stack": "Run `make doctor`."}


def remedy(profile: str, part: str) -> str:
    """Say what to do about a part that is unwell."""
    known = {"embedded": _EMBEDDED, "stack": _STACK}.get(profile, {})
    return known.get(part) or _ANY.get(profile, "Look at the platform's log.")
