"""Every table is exported or left out with its reason, and so is every column of those that are."""

import pytest

from sutazai.records.exports import SqlMoving
from sutazai.records.moving.kinds import KINDS, LEFT_OUT, TENANT, declared, tables
from tests.support.database import TestDatabase

COLUMNS = """
SELECT table_name::text, column_name::text FROM information_schema.columns
WHERE table_schema = 'sutazai'
"""


def columns(database: TestDatabase) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in database.query(COLUMNS):
        found.setdefault(str(table), set()).add(str(column))
    return found


@pytest.mark.requirement("B8", part="every table exported, or left out with its reason")
async def test_every_table_is_declared_once(database: TestDatabase) -> None:
    there = columns(database).keys()
    assert not there - tables() - LEFT_OUT.keys(), "declare it in records/moving/kinds.py"
    assert not (tables() | LEFT_OUT.keys()) - there, "it is declared and is not there"
    assert not tables() & LEFT_OUT.keys()
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


async def test_what_is_declared_of_a_table_is_there(database: TestDatabase) -> None:
    there = columns(database)
    for of in declared():
        named = {TENANT, *of.without, *of.fill, *of.files}
        assert named <= there[of.table], of.table
        assert of.fill.keys() <= of.without.keys(), f"{of.table}: filled and exported"
        assert all(len(reason) > 10 for reason in of.without.values())


async def test_secrets_of_people_are_in_no_export(database: TestDatabase) -> None:
    there = columns(database)
    for of in declared():
        for column in there[of.table] - set(of.without):
            secret = any(word in column for word in ("password", "secret", "digest", "token"))
            # Counts of a model's tokens, not those that let in.
            assert not secret or column.endswith(("_tokens", "_token_s")), (of.table, column)


async def test_objects_are_written_before_those_that_refer_to_them(database: TestDatabase) -> None:
    folders = SqlMoving(database.open).folders
    assert folders.index("collections") < folders.index("runs") < folders.index("documents")


def test_folders_and_files_have_names_of_their_own() -> None:
    folders = [kind.folder for kind in KINDS]
    files = {name.partition("/")[0] for of in declared() for name in of.files.values()}
    assert len(folders) == len(set(folders))
    assert not files & set(folders)
