"""The manifest of a backup: whose it is, how many rows each table has, the digest of each file."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from sutazai.core.moving.manifest import NAME, Entry
from sutazai.records.migrate import newest_version
from sutazai_contracts.errors import InvalidInput

FORMAT = "sutazai-backup"
VERSION = 1
DUMP = "database.dump"
# What is in a home and in its backup, by name; folders with all that is in them.
KEPT = ("files", "secrets", "credentials.json")


class BackupManifest(BaseModel):
    """What stands in `manifest.json` of a backup; `rows` counts them by table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str
    version: int
    product: str
    records: str
    made_at: datetime
    rows: dict[str, int]
    files: dict[str, Entry]


class _Head(BaseModel):
    format: str
    version: int
    product: str
    records: str


def read_manifest(data: bytes) -> BackupManifest:
    """Read the manifest of a backup that this version can restore.

    Raises:
        InvalidInput: it is none, or of a newer SutazAI; says which.
    """
    try:
        head = _Head.model_validate_json(data)
    except ValidationError as exc:
        raise InvalidInput(f"{NAME} is not that of a backup of SutazAI") from exc
    if head.format != FORMAT:
        raise InvalidInput(f"this is no backup of SutazAI but {head.format[:40]!r}")
    known = newest_version()
    if head.version > VERSION or head.records > known:
        raise InvalidInput(
            f"the backup is of SutazAI {head.product[:40]}, which is newer than this one (format "
            f"{head.version} of records {head.records[:20]}; known here are {VERSION} and {known})"
        )
    try:
        return BackupManifest.model_validate_json(data)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise InvalidInput(f"{NAME} is damaged: {where}: {wrong['msg']}") from exc
