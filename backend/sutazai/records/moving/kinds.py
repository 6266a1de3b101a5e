"""What an export holds: every table of a tenant is declared here, or left out with its reason.

A table that is added needs one entry in `KINDS`, among the `parts` of one, or in `LEFT_OUT`; a test
fails until it has one. All columns of a declared table are exported but those of `without`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# `tenant_id` goes without saying: an import is into the tenant of whoever asks for it.
TENANT = "tenant_id"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table that stand in an object of another, as the list `name`.

    Attributes:
        name: what the list is called in the object.
        table: where the rows are.
        key: the column that names the object's id.
        order: the columns that the list is ordered by.
        where: which rows; `{row}` stands for one of them. An import that holds others is refused.
        without: columns that are not exported, each with its reason.
        fill: what an import writes into such columns, in SQL; `{row}` is the object, `{new}` an id
            made for it, `{user}` whoever imports.
        files: columns that hold addresses of files, each with the file they are in an export.
        parts: rows of further tables that stand in these.
    """

    name: str
    table: str
    key: str
    order: str
    where: str = "true"
    without: Mapping[str, str] = field(default_factory=dict)
    fill: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    parts: "tuple[Part, ...]" = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of a table that are one object a file each: `<folder>/<file>.json`.

    As in `Part`, and:

    Attributes:
        folder: the folder their files are in; kinds are written in the order they stand here.
        file: the column that names the file.
        others: what rows that `where` leaves out are, in words; they are counted.
        makes_full: whether a tenant that has some is not imported into.
        before: what an import does before it writes one; `$1` is the object, `$2` the tenant.
        keep_there: whether one that is there already stays as it is.
    """

    folder: str
    table: str
    file: str = "id"
    where: str = "true"
    others: str = ""
    without: Mapping[str, str] = field(default_factory=dict)
    fill: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    makes_full: bool = True
    before: str | None = None
    keep_there: bool = False


_ENDED = "({row}.status IN ('succeeded', 'failed', 'cancelled'))"
# An empty collection of that name makes room: a new tenant has `default`.
_MAKE_ROOM = """
WITH gone AS (
    DELETE FROM collections WHERE name = $1::text::jsonb ->> 'name' RETURNING physical
)
INSERT INTO leftovers (id, tenant_id, physical) SELECT physical, $2::uuid, physical FROM gone
"""

_VERSIONS = Part(
    "versions",
    "document_versions",
    key="document_id",
    order="number",
    # One that is replaced is on its way out: its points and files may be gone.
    where="{row}.state IN ('indexed', 'failed')",
    without={"swept": "of the vector store of this installation, which holds no points of it"},
    fill={"swept": "({row} ->> 'state') = 'failed'"},
    files={
        "sha256": "files/{}",
        "text_sha256": "texts/{}.txt",
        "chunks_sha256": "chunks/{}.jsonl",
    },
    parts=(
        Part(
            "chunks",
            "chunks",
            key="version_id",
            order="number",
            parts=(
                Part("mentions", "mentions", key="chunk_id", order="id"),
                Part("relations", "relations", key="chunk_id", order="id"),
            ),
        ),
        # What the document calls what its chunks mention.
        Part("entities", "entities", key="version_id", order="id"),
    ),
)
_TASKS = Part(
    "steps",
    "tasks",
    key="run_id",
    order="id",
    where="{row}.status NOT IN ('ready', 'claimed')",
    without={
        "token": "a secret of one claim, which is over",
        "worker": "a process of this installation",
        "lease_until": "of one claim, which is over",
    },
)

# What belongs to one user: the database shows them to nobody else, administrators included.
_OWN = {"user_id": "whoever exports it; an import makes it of whoever imports"}
_BY_USER = {"user_id": "{user}"}

KINDS: tuple[Kind, ...] = (
    Kind(
        "collections",
        "collections",
        without={"physical": "a place in the vector store of this installation"},
        fill={"physical": "{new}"},
        makes_full=False,
        before=_MAKE_ROOM,
    ),
    Kind(
        "runs",
        "runs",
        # A rebuild is upkeep of an index, which is not exported; an import makes its own.
        where=_ENDED + " AND {row}.workflow <> 'rebuild'",
        others="runs that have not ended, or that rebuilt an index",
        parts=(
            _TASKS,
            Part("events", "events", key="run_id", order="seq"),
            Part("model_calls", "model_calls", key="run_id", order="id"),
        ),
    ),
    Kind(
        "documents",
        "documents",
        where="EXISTS (SELECT 1 FROM document_versions w WHERE w.document_id = {row}.id"
        " AND w.state IN ('indexed', 'failed'))",
        others="documents that were not indexed yet",
        parts=(_VERSIONS,),
    ),
    Kind(
        "conversations",
        "conversations",
        where="NOT EXISTS (SELECT 1 FROM turns t JOIN runs r ON r.id = t.id"
        " WHERE t.conversation_id = {row}.id AND NOT " + _ENDED.format(row="r") + ")",
        others="conversations of yours with a question that is being worked on",
        without=_OWN,
        fill=_BY_USER,
        parts=(
            Part(
                # By the ids of the runs that answer.
                "questions",
                "turns",
                key="conversation_id",
                order="number",
                without=_OWN,
                fill=_BY_USER,
            ),
            Part(
                "messages",
                "messages",
                key="conversation_id",
                order="number",
                without=_OWN,
                fill=_BY_USER,
            ),
        ),
        makes_full=False,
    ),
)
# Tables that no export holds, each with its reason.
LEFT_OUT: dict[str, str] = {
    "tenants": "its name is in the manifest; an import goes into the tenant that asks for it",
    "users": "people are of this installation; they are made anew where an import goes to",
    "memberships": "people are of this installation; they are made anew where an import goes to",
    "refresh_tokens": "secrets of people who are logged in here now",
    "audit_log": "a chain that proves what happened here; elsewhere it would prove nothing",
    "api_keys": "secrets, which let in here alone",
    "sessions": "secrets of people who are logged in here now",
    "outbox": "wake-ups of tasks that are not done; an export holds runs that have ended",
    "leftovers": "what is to be swept from this installation's stores",
    "rebuilds": "indexes on their way; an import makes its own",
    "schema_version": "Alembic's own; the manifest tells the version",
}


def tables() -> set[str]:
    """Name the tables that are exported."""
    return {of.table for of in declared()}


def declared() -> Iterator[Kind | Part]:
    """Give everything that is declared, objects before what stands in them."""
    for kind in KINDS:
        yield kind
        yield from all_parts(kind)


def all_parts(of: Kind | Part) -> list[Part]:
    """List the parts of a kind, those of parts included."""
    return [part for child in of.parts for part in (child, *all_parts(child))]
