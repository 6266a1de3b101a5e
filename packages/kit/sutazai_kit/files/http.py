"""Files over HTTP: core's internal API, for one claim of an agent in a process of its own."""

import hashlib
import re
from collections.abc import AsyncIterator
from uuid import UUID

from pydantic import ValidationError

from sutazai_contracts.errors import FilesUnavailable, Forbidden, NotFound
from sutazai_contracts.internal import FileStored
from sutazai_contracts.tasks import Claim
from sutazai_kit.core_client import CoreClient, claim_headers
from sutazai_kit.files.port import StoredFile

SILENCE_S = 30.0
_ADDRESS = re.compile(r"[0-9a-f]{64}")


class HttpFiles:
    """Put and read files of a claim's tenant, while the claim holds.

    Raises beside what the port says `LeaseLost`, where the claim is another's now, and `Forbidden`
    for another tenant than the claim's.
    """

    def __init__(self, core: CoreClient, claim: Claim, *, silence_s: float = SILENCE_S) -> None:
        """Take the way to core, whose files these are, and how long core may be silent."""
        self._core, self._tenant = core, claim.tenant
        self._headers, self._silence_s = claim_headers(claim), silence_s

    async def put(self, tenant: UUID, parts: AsyncIterator[bytes]) -> StoredFile:
        """Store a stream in constant memory; what core stored is what was sent, or an error."""
        self._check(tenant)
        sent = _Sent(parts)
        async with self._core.stream(
            "POST",
            "/files",
            content=sent.parts(),
            headers=self._headers | {"content-type": "application/octet-stream"},
            silence_s=self._silence_s,
            unavailable=FilesUnavailable,
        ) as answer:
            content = await answer.read()
        try:
            stored = FileStored.model_validate_json(content)
        except ValidationError as error:
            raise FilesUnavailable("Core's answer does not say what was stored.") from error
        if (stored.sha256, stored.size) != (sent.hash.hexdigest(), sent.size):
            raise FilesUnavailable("Core stored other bytes than were sent.")
        return StoredFile(stored.sha256, stored.size)

    async def open(self, tenant: UUID, sha256: str) -> AsyncIterator[bytes]:
        """Stream a file in parts; one that ends early is an error."""
        self._check(tenant)
        if not _ADDRESS.fullmatch(sha256):
            raise NotFound("There is no file at this address.")
        async with self._core.stream(
            "GET",
            f"/files/{sha256}",
            headers=self._headers,
            silence_s=self._silence_s,
            unavailable=FilesUnavailable,
        ) as answer:
            async for part in answer.parts():
                yield part

    async def read(self, tenant: UUID, sha256: str) -> bytes:
        """Give a whole file, whose bytes are what its address says."""
        data = bytearray()
        async for part in self.open(tenant, sha256):
            data += part
        if hashlib.sha256(data).hexdigest() != sha256:
            raise FilesUnavailable("Core gave other bytes than the address says.")
        return bytes(data)

    def _check(self, tenant: UUID) -> None:
        if tenant != self._tenant:
            raise Forbidden("This claim is good for its own tenant's files alone.")


class _Sent:
    """What is sent, and what its address will be."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self.hash, self.size = hashlib.sha256(), 0
        self._parts = parts

    async def parts(self) -> AsyncIterator[bytes]:
        async for part in self._parts:
            self.hash.update(part)
            self.size += len(part)
            if part:
                yield part
