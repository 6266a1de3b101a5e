"""Files over HTTP under the contract: bytes go through the internal API, each under a claim.

What agents have no right to, removing and listing, is done at core's own store below.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from sutazai_kit.core_client import CoreClient
from sutazai_kit.files.http import HttpFiles
from sutazai_kit.files.port import Files, StoredAt, StoredFile
from tests.contract.files.suite import FilesContract
from tests.integration.internal.serving import Served, served
from tests.support.database import TestDatabase


@dataclass
class ByClaims:
    """The file store as one worker sees it that holds a task of every tenant."""

    core: Served
    client: CoreClient
    bound: dict[UUID, HttpFiles] = field(default_factory=dict)

    def of(self, tenant: UUID) -> HttpFiles:
        if tenant not in self.bound:
            self.bound[tenant] = HttpFiles(self.client, self.core.claimed(tenant=tenant))
        return self.bound[tenant]

    async def put(self, tenant: UUID, parts: AsyncIterator[bytes]) -> StoredFile:
        return await self.of(tenant).put(tenant, parts)

    def open(self, tenant: UUID, sha256: str) -> AsyncIterator[bytes]:
        return self.of(tenant).open(tenant, sha256)

    async def read(self, tenant: UUID, sha256: str) -> bytes:
        return await self.of(tenant).read(tenant, sha256)

    async def delete(self, tenant: UUID, sha256: str) -> None:
        await self.core.parts.files.delete(tenant, sha256)

    async def exists(self, tenant: UUID, sha256: str) -> bool:
        return await self.core.parts.files.exists(tenant, sha256)

    def addresses(self) -> AsyncIterator[StoredAt]:
        return self.core.parts.files.addresses()


class TestHttpFiles(FilesContract):
    @pytest.fixture
    async def files(self, database: TestDatabase, tmp_path: Path) -> AsyncIterator[Files]:
        async with served(database, tmp_path) as core:
            yield ByClaims(core, await core.core("worker"))
