"""Runs over core's API: started, listed, read, watched, cancelled, retried."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx2

from sutazai_ui.client.calls import CONNECT_S, Caller, Listing, read
from sutazai_ui.client.shapes import Run
from sutazai_ui.client.trouble import content_of, reaching, trouble_of

# The API says something every 15 s: three times nothing means that the connection is dead.
SILENCE_S = 45.0


class RunCalls(Caller):
    """Calls about runs."""

    def start(
        self,
        goal: str,
        collection: str,
        key: str,
        workflow: str = "answer",
        *,
        graph: bool = False,
    ) -> Run:
        """Start a run, which asks the graph too; the same key starts no second one."""
        body: dict[str, object] = {"goal": goal, "collection": collection, "workflow": workflow}
        body |= {"graph": True} if graph else {}
        answer = self.call("POST", "/runs", json=body, headers={"Idempotency-Key": key})
        return read(Run, content_of(answer))

    def runs(
        self,
        limit: int,
        cursor: str | None = None,
        status: str | None = None,
        workflow: str | None = None,
    ) -> Listing[Run]:
        """List runs, newest first."""
        return self.page(Run, "/runs", limit=limit, cursor=cursor, status=status, workflow=workflow)

    def run(self, run: UUID) -> Run:
        """Read a run."""
        return self.read(Run, f"/runs/{run}")

    def cancel(self, run: UUID) -> Run:
        """Cancel a run."""
        return read(Run, content_of(self.call("POST", f"/runs/{run}/cancel")))

    def retry(self, run: UUID, key: str) -> Run:
        """Start a run that takes up one which did not succeed; the same key starts no second."""
        answer = self.call("POST", f"/runs/{run}/retry", headers={"Idempotency-Key": key})
        return read(Run, content_of(answer))

    @contextmanager
    def events(self, run: UUID, after: str | None = None) -> Iterator[httpx2.EventSource]:
        """Open the stream of a run's events, those after the event id `after` if given."""
        headers = self.headers() | ({} if after is None else {"Last-Event-ID": after})
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
        with (
            reaching(),
            self.http.sse(f"/api/v1/runs/{run}/events", headers=headers, timeout=timeout) as events,
        ):
            if not events.response.is_success:
                events.response.read()
                raise trouble_of(events.response)
            yield events
