"""Orphans: files that were stored and that no version came to refer to.

An upload that was cut off before its commit leaves one, and indexing that failed, or whose document
was deleted meanwhile, leaves the text and the chunks it had stored.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from loguru import logger

from sutazai.core.knowledge.ports import LeftoverRecords
from sutazai_kit.files.port import Files, StoredAt

# The record reads all versions of the tenant to tell; it holds nothing meanwhile.
_ASKED_AT_ONCE = 1000
# Uploads of the tenant wait while so many files are unlinked.
_FILES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class OrphansSwept:
    """What became of the orphans: how many were removed, and how many have to wait."""

    removed: int = 0
    waiting: int = 0


async def sweep_orphans(
    records: LeftoverRecords, files: Files, older_than_s: float
) -> OrphansSwept:
    """Remove the files, of all tenants, that no version refers to.

    Each removal may be done twice, and what is left at a crash is found again.

    Args:
        records: says which files are referred to, and holds the others while they are removed.
        files: the store; its files are gone through in constant memory.
        older_than_s: seconds since a file was last put; younger ones are left alone, as whoever
            put them may be about to refer to them.

    Raises:
        DatabaseUnavailable: the record does not answer.
        FilesUnavailable: the store fails.
    """
    removed = waiting = 0
    async with aclosing(_old_files(files, older_than_s)) as groups:
        async for group in groups:
            tenant = group[0].tenant
            orphans = await records.unreferred(tenant, [stored.sha256 for stored in group])
            for first in range(0, len(orphans), _FILES_AT_ONCE):
                some = orphans[first : first + _FILES_AT_ONCE]
                gone = await _remove(records, files, tenant, some)
                removed += gone or 0
                waiting += len(some) if gone is None else 0
    if removed:
        logger.info("Removed {} files that nothing referred to", removed)
    return OrphansSwept(removed, waiting)


async def _remove(
    records: LeftoverRecords, files: Files, tenant: UUID, some: Sequence[str]
) -> int | None:
    async with records.removing_orphans(tenant, some) as orphans:
        for sha256 in orphans or ():
            await files.delete(tenant, sha256)
    return None if orphans is None else len(orphans)


async def _old_files(files: Files, older_than_s: float) -> AsyncGenerator[Sequence[StoredAt], None]:
    """Group files as they come, so that a group is of one tenant."""
    group: list[StoredAt] = []
    async for stored in files.addresses():
        if stored.age_s < older_than_s:
            continue
        if group and (stored.tenant != group[0].tenant or len(group) == _ASKED_AT_ONCE):
            yield group
            group = []
        group.append(stored)
    if group:
        yield group
