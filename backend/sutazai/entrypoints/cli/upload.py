"""Upload files, a few at a time, and wait until each is indexed or known not to be."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sutazai.entrypoints.cli.client import ApiClient
from sutazai.entrypoints.cli.errors import ApiProblem, CliError, Unreachable
from sutazai.entrypoints.cli.shapes import Upload
from sutazai.entrypoints.cli.walk import Found

Status = Literal["waiting", "uploading", "indexing", "indexed", "unchanged", "failed"]

AT_ONCE = 4
TRIES = 5
FIRST_WAIT_S = 0.25
# Questions about runs in a row that may go unanswered.
MISSES = 3
# Runs asked about in one round; with the shortest wait this stays far below 100 requests a second.
ASKED_AT_ONCE = 8
SHORTEST_WAIT_S = 0.15
LONGEST_WAIT_S = 2.0


@dataclass
class Item:
    """One file on its way into the collection."""

    file: Found
    status: Status = "waiting"
    reason: str | None = None
    document: UUID | None = None
    run: UUID | None = None

    @property
    def settled(self) -> bool:
        """Tell whether nothing more happens to this file."""
        return self.status in ("indexed", "unchanged", "failed")


class Ingest:
    """Bring files into a collection; `report` hears of each change of each item."""

    def __init__(
        self,
        client: ApiClient,
        collection: str,
        files: Sequence[Found],
        report: Callable[[Item], None],
    ) -> None:
        """Take the files; nothing is sent before `run`."""
        self.items = [Item(file) for file in files]
        self.lost: CliError | None = None
        self._client = client
        self._collection = collection
        self._report = report
        self._to_send = deque(self.items)
        self._indexing: deque[tuple[Item, UUID]] = deque()
        self._sending = 0
        self._misses = 0

    async def run(self) -> None:
        """Send all files and wait for their indexing; `lost` says what ended it early, if so."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(self.items))):
                    group.create_task(self._send_all())
                group.create_task(self._watch_all())
        except BaseExceptionGroup as failures:
            first = failures.exceptions[0]
            if not isinstance(first, CliError):
                raise
            self.lost = first
            for item in self.items:
                if not item.settled:
                    self._settle(item, "failed", f"not finished: {first.message}")

    async def _send_all(self) -> None:
        while self._to_send:
            item = self._to_send.popleft()
            self._sending += 1
            try:
                await self._send(item)
            finally:
                self._sending -= 1

    async def _send(self, item: Item) -> None:
        self._settle(item, "uploading")
        try:
            answer = await self._upload(item.file)
        except OSError as error:
            self._settle(item, "failed", f"not readable ({error.strerror})")
        except ApiProblem as problem:
            if problem.status == 401:
                raise
            self._settle(item, "failed", problem.reason)
        else:
            self._take(item, answer)

    def _take(self, item: Item, answer: Upload) -> None:
        item.document = answer.document.id
        # The same bytes may have come before and not be indexed yet: then that run is waited for.
        done = answer.document.status in ("indexed", None)
        item.run = answer.run.id if answer.run else None if done else answer.document.run
        if item.run is None:
            self._settle(item, "unchanged")
        else:
            self._settle(item, "indexing")
            self._indexing.append((item, item.run))

    async def _upload(self, file: Found) -> Upload:
        """Upload one file; what may pass is tried again: a cut line, 503 (429: the client)."""
        for attempt in range(1, TRIES + 1):
            try:
                return await self._client.upload(self._collection, file.path, file.name)
            except Unreachable:
                # Sending the same name and bytes again makes no second document.
                if attempt >= 2:
                    raise
            except ApiProblem as problem:
                if problem.status != 503 or attempt == TRIES:
                    raise
            await asyncio.sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    async def _watch_all(self) -> None:
        wait = SHORTEST_WAIT_S
        while self._to_send or self._sending or self._indexing:
            # The oldest first: indexing goes on in about that order.
            asked = list(self._indexing)[:ASKED_AT_ONCE]
            ended = [pair for pair in asked if await self._ended(*pair)]
            for pair in ended:
                self._indexing.remove(pair)
            wait = SHORTEST_WAIT_S if ended or not asked else min(wait * 1.5, LONGEST_WAIT_S)
            await asyncio.sleep(wait)

    async def _ended(self, item: Item, indexing: UUID) -> bool:
        try:
            run = await self._client.run(indexing)
        except (ApiProblem, Unreachable) as error:
            if isinstance(error, ApiProblem) and error.status < 500 and error.status != 429:
                self._settle(item, "failed", error.reason)
                return True
            self._misses += 1
            if self._misses == MISSES:
                raise
            return False
        self._misses = 0
        if not run.over:
            return False
        if run.status == "succeeded":
            self._settle(item, "indexed")
        else:
            self._settle(item, "failed", run.reason)
        return True

    def _settle(self, item: Item, status: Status, reason: str | None = None) -> None:
        item.status, item.reason = status, reason
        self._report(item)
