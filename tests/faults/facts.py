"""What the stores of a home hold, read past the platform: PostgreSQL, points, JSONL, effects."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from sutazai_kit.files.local import LocalFiles
from sutazai_kit.vectors.edge import open_edge_vectors

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Run:
    """A row of `runs` with the steps of its plan."""

    id: UUID
    workflow: str
    status: str
    seq: int
    key: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """A row of `events`; `step` where it is about one."""

    run: UUID
    seq: int
    type: str
    step: str | None


@dataclass(frozen=True)
class Task:
    """A row of `tasks`."""

    run: UUID
    step: str
    status: str
    attempt: int
    losses: int


@dataclass(frozen=True)
class Version:
    """A document version, and where its points and its lines lie."""

    id: UUID
    document: UUID
    name: str
    state: str
    tenant: UUID
    physical: UUID
    chunk_count: int | None
    chunks_sha256: str | None


@dataclass(frozen=True)
class Message:
    """A row of `messages`."""

    conversation: UUID
    number: int
    role: str
    run: UUID
    status: str | None


@dataclass(frozen=True)
class Records:
    """What PostgreSQL holds."""

    runs: dict[UUID, Run]
    events: list[Event]
    tasks: list[Task]
    documents: dict[UUID, str]
    versions: list[Version]
    chunks: dict[UUID, UUID]
    collections: list[UUID]
    outbox: int
    leftovers: int
    messages: list[Message] = field(default_factory=list)
    turns: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class Stores:
    """What lies outside PostgreSQL.

    `points` are ids by collection, `lines` the ids in the JSONL of each version, `damaged` the
    versions whose JSONL does not have its address or does not parse.
    """

    points: dict[UUID, set[UUID]]
    lines: dict[UUID, list[UUID]]
    damaged: dict[UUID, str] = field(default_factory=dict)


def read_records(connection: Connection) -> Records:
    """Read the records in one snapshot, or in the transaction that is open."""
    with connection.transaction():
        runs = connection.execute(
            "SELECT id, workflow, status, seq, idempotency_key,"
            " jsonb_path_query_array(plan, '$.steps[*].id') FROM runs"
        ).fetchall()
        return Records(
            runs={
                row[0]: Run(row[0], row[1], row[2], row[3], row[4], tuple(row[5])) for row in runs
            },
            events=[
                Event(*row)
                for row in connection.execute(
                    "SELECT run_id, seq, type, data ->> 'step' FROM events ORDER BY run_id, seq"
                )
            ],
            tasks=[
                Task(*row)
                for row in connection.execute(
                    "SELECT run_id, step, status, attempt, losses FROM tasks"
                )
            ],
            documents=dict(connection.execute("SELECT id, name FROM documents").fetchall()),
            versions=[
                Version(*row)
                for row in connection.execute(
                    "SELECT v.id, d.id, d.name, v.state, v.tenant_id, c.physical, v.chunk_count,"
                    " v.chunks_sha256 FROM document_versions v JOIN documents d"
                    " ON d.id = v.document_id JOIN collections c ON c.id = v.collection_id"
                )
            ],
            chunks=dict(connection.execute("SELECT id, version_id FROM chunks").fetchall()),
            collections=[row[0] for row in connection.execute("SELECT physical FROM collections")],
            outbox=_count(connection, "outbox"),
            leftovers=_count(connection, "leftovers"),
            messages=[
                Message(*row)
                for row in connection.execute(
                    "SELECT conversation_id, number, role, run_id, status FROM messages"
                )
            ],
            turns={row[0] for row in connection.execute("SELECT id FROM turns")},
        )


async def read_stores(home: Path, records: Records) -> Stores:
    """Read points and JSONL of a home that no platform holds."""
    points: dict[UUID, set[UUID]] = {}
    async with open_edge_vectors(home / "vectors") as vectors:
        for collection in records.collections:
            points[collection] = await vectors.ids(collection)
    stores = Stores(points, {})
    files = LocalFiles(home / "files")
    for version in records.versions:
        if version.chunks_sha256 is None or version.state != "indexed":
            continue
        data = await files.read(version.tenant, version.chunks_sha256)
        if hashlib.sha256(data).hexdigest() != version.chunks_sha256:
            stores.damaged[version.id] = "its bytes have another address"
        try:
            lines = [json.loads(line) for line in data.splitlines()]
            stores.lines[version.id] = [UUID(line["id"]) for line in lines]
        except (ValueError, KeyError) as exc:
            stores.damaged[version.id] = f"a line does not parse: {exc}"
    return stores


def read_effects(path: Path) -> list[dict[str, Any]]:
    """Read the lines of the effects file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])
