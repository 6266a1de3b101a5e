"""All of a tenant on PostgreSQL: read at one moment, written in one transaction."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg

from sutazai.core.identity.audit import Entry
from sutazai.core.moving.ports import FileRef, Imported, Object
from sutazai.records.audit import add_entry
from sutazai.records.database import AWAY, Connection, Database
from sutazai.records.leftovers import files_lock, kept_lock
from sutazai.records.migrate import newest_version
from sutazai.records.moving.kinds import KINDS, Kind, Part, declared, tables
from sutazai.records.moving.statements import (
    COLUMNS,
    REFERENCES,
    astray,
    count_objects,
    count_others,
    inserts,
    select_files,
    select_objects,
)
from sutazai_contracts.errors import (
    AlreadyExists,
    Conflict,
    DatabaseUnavailable,
    InvalidInput,
)
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import EmbeddingModel

_BY_FOLDER = {kind.folder: kind for kind in KINDS}
_LOCK_FILES = "SELECT pg_advisory_lock_shared(hashtextextended($1, 0))"
_UNLOCK_FILES = "SELECT pg_advisory_unlock_shared(hashtextextended($1, 0))"
_HOLD_FILES = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))"
_SET_OWNER = (
    "SELECT set_config('sutazai.tenant', $1, true), set_config('sutazai.user_id', $2, true)"
)
_NAME = "SELECT name FROM tenants"
_ROLE = "SELECT role = 'admin' FROM memberships WHERE user_id = $1 AND disabled_at IS NULL"
_COLLECTIONS = """
SELECT name, physical, model FROM collections WHERE id = ANY($1::uuid[]) ORDER BY name
"""
# An object may be large, and building it takes the server a while.
_LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class SqlMoving:
    """Tenants on their way out of PostgreSQL and into it."""

    database: Database

    @property
    def version(self) -> str:
        """Give the version of the schema."""
        return newest_version()

    @property
    def folders(self) -> Sequence[str]:
        """Name the folders of objects, in the order in which they have to be written."""
        return [kind.folder for kind in KINDS]

    async def is_admin(self, tenant: UUID, user: UUID) -> bool:
        """Tell whether a user administers a tenant."""
        async with self.database.hot(tenant) as connection:
            return bool(await connection.fetchval(_ROLE, user))

    @asynccontextmanager
    async def exporting(self, tenant: UUID, user: UUID) -> AsyncIterator["SqlReading"]:
        """Read a tenant as it is now, while none of its files is swept."""
        lock = kept_lock(tenant)
        try:
            async with self.database.app.acquire() as connection:
                # Before the moment that is read is fixed, which the first statement then does.
                await connection.execute(_LOCK_FILES, lock)
                try:
                    async with connection.transaction(isolation="repeatable_read", readonly=True):
                        await connection.execute(_SET_OWNER, str(tenant), str(user))
                        yield await _reading(connection)
                finally:
                    if not connection.is_closed():
                        await connection.execute(_UNLOCK_FILES, lock)
        except AWAY as exc:
            raise DatabaseUnavailable from exc

    @asynccontextmanager
    async def importing(self, tenant: UUID, user: UUID) -> AsyncIterator["SqlWriting"]:
        """Write into a tenant that holds nothing yet, all of it or nothing."""
        async with self.database.hot(tenant, user) as connection:
            await connection.execute(_HOLD_FILES, files_lock(tenant))
            there = {
                kind.folder: count
                for kind in KINDS
                if kind.makes_full and (count := await _count(connection, kind))
            }
            if there:
                held = ", ".join(f"{count} {folder}" for folder, count in there.items())
                raise Conflict(f"an import goes into an empty tenant, and this one holds {held}")
            columns: dict[str, list[str]] = {}
            for row in await connection.fetch(COLUMNS):
                columns.setdefault(row["table_name"], []).append(row["column_name"])
            yield SqlWriting(connection, tenant, user, columns)


@dataclass(frozen=True, slots=True)
class SqlReading:
    """A tenant as it was at one moment."""

    connection: Connection
    tenant_name: str
    left_out: Mapping[str, int]

    async def count(self) -> int:
        """Count the objects."""
        return int(await self.connection.fetchval(count_objects()))

    async def objects(self) -> AsyncIterator[Object]:
        """Stream every object, kind by kind."""
        for kind in KINDS:
            cursor = self.connection.cursor(select_objects(kind), prefetch=4, timeout=_LONGEST_S)
            async for row in cursor:
                yield Object(_file(kind, row["file"]), row["text"] + "\n")

    async def files(self) -> Sequence[FileRef]:
        """List every file that they refer to, by name."""
        return await _files(self.connection)


@dataclass(frozen=True, slots=True)
class SqlWriting:
    """An import under way."""

    connection: Connection
    tenant: UUID
    user: UUID
    columns: Mapping[str, list[str]]
    _collections: list[UUID] = field(default_factory=list)

    async def add(self, name: str, text: str) -> None:
        """Write an object."""
        kind = _BY_FOLDER[name.partition("/")[0]]
        content = _parsed(name, text)
        keys: dict[str, set[str]] = {}
        _collect(name, kind, content, self.columns, keys)
        if _file(kind, str(content.get(kind.file))) != name:
            raise InvalidInput(f"{name} holds an object that is called otherwise")
        given = (text, self.tenant, new_id(), self.user)
        try:
            if kind.before is not None:
                await self.connection.execute(kind.before, text, self.tenant)
            for statement in inserts(kind, self.columns, keys):
                await self.connection.execute(statement, *given, timeout=_LONGEST_S)
        except asyncpg.UniqueViolationError as exc:
            raise AlreadyExists(
                f"{name}: this installation holds something of that id or name already"
            ) from exc
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as exc:
            raise InvalidInput(f"{name} does not fit: {exc}") from exc
        if kind.table == "collections":
            self._collections.append(UUID(str(content["id"])))

    async def files(self) -> Sequence[FileRef]:
        """List every file that was referred to."""
        for of in declared():
            if await self.connection.fetchval(count_others(of)):
                raise InvalidInput(
                    f"the export holds {of.table} that no export does, such as what has not ended"
                )
        filled = {(of.table, column) for of in declared() for column in of.fill}
        for row in await self.connection.fetch(REFERENCES):
            table, column = row["table_name"], row["column_name"]
            if table not in tables() or (table, column) in filled:
                continue
            if await self.connection.fetchval(astray(table, column, row["target"])):
                raise InvalidInput(
                    f"the export is not whole: {column} of {table} names "
                    f"what is not in {row['target']}"
                )
        return await _files(self.connection)

    async def collections(self) -> Sequence[Imported]:
        """List the collections that were written."""
        rows = await self.connection.fetch(_COLLECTIONS, self._collections)
        return [
            Imported(row["name"], row["physical"], EmbeddingModel.model_validate(row["model"]))
            for row in rows
        ]

    async def note(self, entry: Entry) -> None:
        """Add to the audit log that this was imported; last, since others wait to add to it."""
        await add_entry(self.connection, self.tenant, entry)


async def _reading(connection: Connection) -> SqlReading:
    left_out = {
        kind.others: await connection.fetchval(count_others(kind)) for kind in KINDS if kind.others
    }
    return SqlReading(connection, str(await connection.fetchval(_NAME)), left_out)


async def _count(connection: Connection, kind: Kind) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {kind.table}"))


async def _files(connection: Connection) -> list[FileRef]:
    found = [
        FileRef(name.format(row[0]), row[0])
        for name, query in select_files()
        for row in await connection.fetch(query)
    ]
    return sorted(found, key=lambda ref: ref.name)


def _file(kind: Kind, named: str) -> str:
    return f"{kind.folder}/{quote(named, safe='@+')}.json"


def _parsed(name: str, text: str) -> dict[str, Any]:
    """Read an object for the names in it; its values go to PostgreSQL as they are."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InvalidInput(f"{name} is not JSON: {exc}") from exc
    if not isinstance(content, dict):
        raise InvalidInput(f"{name} holds no object")
    return content


def _collect(
    name: str,
    of: Kind | Part,
    content: object,
    columns: Mapping[str, list[str]],
    keys: dict[str, set[str]],
) -> None:
    """Note which columns an object and its parts have; refuse names that mean nothing."""
    if not isinstance(content, dict):
        raise InvalidInput(f"{name}: {of.table} are objects")
    parts = {part.name: part for part in of.parts}
    allowed = set(columns[of.table]) - set(of.without)
    unknown = content.keys() - allowed - parts.keys()
    for wrong in sorted(unknown):
        raise InvalidInput(f"{name}: {wrong!r} is not a known field of {of.table}")
    keys.setdefault(of.table, set()).update(content.keys() - parts.keys())
    for part in _listed(name, content, parts):
        for item in content[part.name]:
            _collect(name, part, item, columns, keys)


def _listed(name: str, content: dict[str, Any], parts: Mapping[str, Part]) -> Iterable[Part]:
    for part in parts.values():
        if part.name in content:
            if not isinstance(content[part.name], list):
                raise InvalidInput(f"{name}: {part.name} is a list")
            yield part
