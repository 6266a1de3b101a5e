"""Selects that are asked at every page: written with SQLAlchemy, put into SQL once, sent as it is.

Compiling a select, and SQLAlchemy's own way to a connection and its rows, take several times as
long as asking it does.
"""

from functools import cached_property
from typing import Any

from asyncpg import Record
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from sutazai.records.database import Asking


class Reading:
    """A select whose parameters are given by the names of its `bindparam`s."""

    def __init__(self, statement: Select[Any]) -> None:
        """Take the select; it is compiled when it is first asked."""
        self._statement = statement

    async def rows(self, connection: Asking, **values: object) -> list[Record]:
        """Ask on a connection whose tenant is set.

        Args:
            connection: as `Database.hot` or `Database.lone` gives it.
            values: of the select's parameters, all of them.
        """
        text, names, constants = self._compiled
        given = constants | values
        return await connection.fetch(text, *(given[name] for name in names))

    async def row(self, connection: Asking, **values: object) -> Record | None:
        """Give the first row; None where there is none."""
        return next(iter(await self.rows(connection, **values)), None)

    @cached_property
    def _compiled(self) -> tuple[str, tuple[str, ...], dict[str, object]]:
        compiled = self._statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]
        return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)
