"""The manifest of an export: what is in it, by whom it was made, and the digest of each file."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sutazai_contracts.errors import InvalidInput

NAME = "manifest.json"
FORMAT = "sutazai-export"
# Grows when files mean something else than before; an export of a newer one is refused.
VERSION = 1
Address = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Entry(BaseModel):
    """One file of an export."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Address
    size: int = Field(ge=0)


class Manifest(BaseModel):
    """What stands in `manifest.json`.

    `records` is the version of the schema the objects are of; `left_out` counts what was there and
    is not in the export, such as runs that had not ended.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str
    version: int
    product: str
    records: str
    tenant: str
    made_at: datetime
    left_out: dict[str, int] = {}
    files: dict[str, Entry]


def read_manifest(data: bytes, records: str) -> Manifest:
    """Read a manifest that this version can import.

    Args:
        data: the file's bytes.
        records: the newest version of the schema that is known here.

    Raises:
        InvalidInput: it is none, or of a newer SutazAI; says which.
    """
    try:
        head = _Head.model_validate_json(data)
    except ValidationError as exc:
        raise InvalidInput(f"{NAME} is not that of an export of SutazAI") from exc
    if head.format != FORMAT:
        raise InvalidInput(f"this is no export of SutazAI but {head.format[:40]!r}")
    if head.version > VERSION or head.records > records:
        raise InvalidInput(
            f"the export is of SutazAI {head.product[:40]}, which is newer than this one "
            f"(format {head.version} of records {head.records[:20]}; known here are {VERSION} and "
            f"{records})"
        )
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise InvalidInput(f"{NAME} is damaged: {where}: {wrong['msg']}") from exc


class _Head(BaseModel):
    format: str
    version: int
    product: str
    records: str
