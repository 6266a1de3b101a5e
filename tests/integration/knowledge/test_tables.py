"""The tables as SQLAlchemy is told of them are those that the migrations make."""

from sqlalchemy import Connection, MetaData, create_engine

from sutazai.records.tables import metadata
from sutazai.records.urls import sqlalchemy_url
from tests.support.database import TestDatabase


def test_columns_are_those_of_the_schema(database: TestDatabase) -> None:
    engine = create_engine(sqlalchemy_url(database.urls.owner, "psycopg"))
    found = MetaData()
    try:
        with engine.connect() as connection:
            found.reflect(connection, only=list(metadata.tables))
            _compare(connection, found)
    finally:
        engine.dispose()


def _compare(connection: Connection, found: MetaData) -> None:
    dialect = connection.dialect
    for name, table in metadata.tables.items():
        reflected = found.tables[name]
        for column in table.columns:
            real = reflected.columns[column.name]
            assert column.type.compile(dialect) == real.type.compile(dialect), (name, column.name)
            assert column.nullable == real.nullable, (name, column.name)
            assert column.primary_key == real.primary_key, (name, column.name)
        if name != "runs":
            assert {c.name for c in table.columns} == {c.name for c in reflected.columns}, name
