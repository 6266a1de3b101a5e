"""The statements that turn rows into objects and objects into rows, made from declarations.

Nothing in them is from outside: all names are those of `kinds`, all values are parameters.
PostgreSQL itself writes and reads the JSON, so that no number and no time changes on the way.
"""

from collections.abc import Iterator, Mapping

from sutazai.records.moving.kinds import KINDS, TENANT, Kind, Part, declared

COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'sutazai' AND is_generated = 'NEVER' ORDER BY table_name, ordinal_position
"""

REFERENCES = """
SELECT c.conrelid::regclass::text AS table_name, a.attname AS column_name,
       c.confrelid::regclass::text AS target
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.connamespace = 'sutazai'::regnamespace
  AND c.confrelid <> 'sutazai.tenants'::regclass ORDER BY 1, 2
"""


def select_objects(kind: Kind) -> str:
    """Give each object of a kind: its file's name, and its text."""
    return (
        f"SELECT row.{kind.file}::text AS file, jsonb_pretty({_object(kind, 'row')}) AS text"
        f" FROM {kind.table} row WHERE {kind.where.format(row='row')} ORDER BY row.{kind.file}"
    )


def _object(of: Kind | Part, row: str) -> str:
    left_out = [TENANT, *of.without, *([of.key] if isinstance(of, Part) else [])]
    text = "(to_jsonb({}) - ARRAY[{}])".format(row, ", ".join(f"'{name}'" for name in left_out))
    for part in of.parts:
        inner = f"{row}_{part.name}"
        text += (  # made of declarations alone
            f" || jsonb_build_object('{part.name}', (SELECT"
            f" COALESCE(jsonb_agg({_object(part, inner)} ORDER BY {inner}.{part.order}), '[]')"
            f" FROM {part.table} {inner} WHERE {inner}.{part.key} = {row}.id"
            f" AND {part.where.format(row=inner)}))"
        )
    return f"({text})"


def select_files() -> Iterator[tuple[str, str]]:
    """Give what files are called in an export, each with a query of their addresses."""
    for of in declared():
        for column, name in of.files.items():
            yield (
                name,
                f"SELECT DISTINCT row.{column} FROM {of.table} row"
                f" WHERE row.{column} IS NOT NULL AND {of.where.format(row='row')} ORDER BY 1",
            )


def count_objects() -> str:
    """Count the objects of all kinds."""
    return "SELECT " + " + ".join(
        f"(SELECT count(*) FROM {kind.table} row WHERE {kind.where.format(row='row')})"
        for kind in KINDS
    )


def count_others(of: Kind | Part) -> str:
    """Count the rows of a table that no export holds."""
    return f"SELECT count(*) FROM {of.table} row WHERE NOT ({of.where.format(row='row')})"


def astray(table: str, column: str, target: str) -> str:
    """Tell whether a column names rows that this tenant does not have: keys see those of all."""
    return (
        f"SELECT EXISTS (SELECT 1 FROM {table} x WHERE x.{column} IS NOT NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {target} y WHERE y.id = x.{column}))"
    )


def inserts(
    kind: Kind, columns: Mapping[str, list[str]], keys: Mapping[str, set[str]]
) -> Iterator[str]:
    """Give the statements that write an object.

    `$1` is its text, `$2` the tenant, `$3` an id for it, `$4` the user who imports.

    Args:
        kind: what it is an object of.
        columns: every table's columns.
        keys: which of them the object has, by table; others take their defaults.
    """
    root = "SELECT $1::text::jsonb AS o"
    yield _insert(kind, root, columns, keys)
    yield from _insert_parts(kind, root, columns, keys)


def _insert_parts(
    of: Kind | Part, rows: str, columns: Mapping[str, list[str]], keys: Mapping[str, set[str]]
) -> Iterator[str]:
    for part in of.parts:
        if not keys.get(part.table):
            continue
        inner = (
            f"SELECT e.value || jsonb_build_object('{part.key}', p.o -> 'id') AS o"
            f" FROM ({rows}) p, jsonb_array_elements(p.o -> '{part.name}') e"
        )
        yield _insert(part, inner, columns, keys)
        yield from _insert_parts(part, inner, columns, keys)


def _insert(
    of: Kind | Part, rows: str, columns: Mapping[str, list[str]], keys: Mapping[str, set[str]]
) -> str:
    given = keys[of.table] | ({of.key} if isinstance(of, Part) else set())
    values: dict[str, str] = {TENANT: "$2::uuid"}
    for column in columns[of.table]:
        if column in of.fill:
            values[column] = of.fill[column].format(row="x.o", new="$3::uuid", user="$4::uuid")
        elif column in given and column != TENANT and column not in of.without:
            values[column] = f"r.{column}"
    keep = " ON CONFLICT DO NOTHING" if isinstance(of, Kind) and of.keep_there else ""
    return (
        f"INSERT INTO {of.table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM ({rows}) x, jsonb_populate_record(NULL::{of.table}, x.o) r"
        # Names all parameters, so that each statement takes the same.
        " WHERE $2::uuid IS NOT NULL AND $3::uuid IS NOT NULL AND $4::uuid IS NOT NULL" + keep
    )
