"""Runs: started with a goal, read, watched event by event, cancelled, retried."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from sutazai.core.identity.rights import Need
from sutazai.core.runs.live import Told
from sutazai.core.runs.model import RunStatus
from sutazai.core.runs.service import NewRun
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    PageQuery,
    PlatformOf,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.openapi import location, problems
from sutazai.entrypoints.api.shapes import WORKFLOW, Listing, NewRunBody, RunShape, RunSummary
from sutazai_contracts.events import Event
from sutazai_contracts.frames import LiveEvent, StepReset, StepText

router = keyed_router("/api/v1/runs", "runs")
# An integer column holds every number an event can have.
LARGEST_SEQ = 2**31 - 1
_REUSED = "The key was used with another body."
_NOT_NOW = (
    "The run has not ended, or succeeded, or can't be retried; its conversation is busy; or the "
    "key was used with another request."
)
_STREAM = (
    'id: 1\nevent: step.ready\ndata: {"run": "…", "seq": 1, "type": "step.ready", "at": "…", '
    '"data": {"step": "research", "agent": "researcher"}}\n\n'
    'event: step.text\ndata: {"task": "…", "step": "write", "attempt": 1, '
    '"revision": 0, "offset": 0, "text": "The sea "}\n\n: ping\n\n'
)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Sent again with the same body it gives the same run, never a second one.",
    ),
]
LastEventId = Annotated[
    int | None,
    Header(alias="Last-Event-ID", ge=0, le=LARGEST_SEQ, description="Go on after this event."),
]
TraceParent = Annotated[
    str | None,
    Header(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", include_in_schema=False),
]


class RunsQuery(PageQuery):
    """A page of runs, of one status and workflow or of all."""

    status: RunStatus | None = None
    workflow: str | None = Field(default=None, pattern=WORKFLOW)


@router.post(
    "",
    dependencies=[needs(Need.WRITE)],
    status_code=202,
    summary="Start a run",
    responses={
        **problems(404, 409, 413, _404="There is no such collection.", _409=_REUSED),
        **location(202, "run"),
    },
    response_description="The run; where the key was used before with this body, the run of then.",
)
async def start_run(
    body: NewRunBody,
    platform: PlatformOf,
    caller: CallerOf,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    traceparent: TraceParent = None,
) -> RunShape:
    """Write a run down and set agents to work; the answer is there before the work is done."""
    new = NewRun(
        workflow=body.workflow,
        goal=body.goal,
        collection_name=body.collection,
        idempotency_key=idempotency_key,
        traceparent=traceparent,
        graph=body.graph,
    )
    run = await platform.runs.start(caller.tenant, new)
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return RunShape.model_validate(run)


@router.get(
    "",
    dependencies=[needs(Need.READ)],
    summary="List runs, newest first",
    response_description="A page of runs.",
)
async def list_runs(
    platform: PlatformOf, caller: CallerOf, page: Annotated[RunsQuery, Query()]
) -> Listing[RunSummary]:
    """List runs without their steps."""
    found = await platform.runs.page(
        caller.tenant, page.limit, page.cursor, page.status, page.workflow
    )
    return Listing[RunSummary].model_validate(found)


@router.get(
    "/{run}",
    dependencies=[needs(Need.READ)],
    summary="Read a run",
    responses=problems(404),
    response_description="The run.",
)
async def get_run(run: UUID, platform: PlatformOf, caller: CallerOf) -> RunShape:
    """Read a run with its steps, result and citations."""
    return RunShape.model_validate(await platform.runs.get(caller.tenant, run))


@router.post(
    "/{run}/cancel",
    dependencies=[needs(Need.WRITE)],
    summary="Cancel a run",
    responses=problems(404, 413),
    response_description="The run as it is now.",
)
async def cancel_run(run: UUID, platform: PlatformOf, caller: CallerOf) -> RunShape:
    """Cancel what has not ended of a run; one that has ended stays as it is."""
    return RunShape.model_validate(await platform.runs.cancel(caller.tenant, run))


@router.post(
    "/{run}/retry",
    dependencies=[needs(Need.WRITE)],
    status_code=202,
    summary="Retry a run",
    responses={
        **problems(404, 409, 413, _404="There is no such run.", _409=_NOT_NOW),
        **location(202, "run"),
    },
    response_description="The run that takes it up; where the key was used before for this, the "
    "run of then.",
)
async def retry_run(
    run: UUID,
    platform: PlatformOf,
    caller: CallerOf,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    traceparent: TraceParent = None,
) -> RunShape:
    """Start a run that works again what did not succeed in one that failed or was cancelled.

    Steps that succeeded are kept with their outputs (`kept`) and are not worked again; effects of
    the others carry the keys that they had before, so that none is had twice. The run that is
    retried stays as it ended; `retry_of` of the new one names it. A question of a conversation is
    asked there once more, with the context that it had, by its user alone. A run that has not
    ended, that succeeded or that the platform started is answered 409 (`run_not_retriable`).
    """
    retried = await platform.retries.retry(
        caller.tenant,
        caller.user,
        run,
        idempotency_key=idempotency_key,
        traceparent=traceparent,
    )
    response.headers["Location"] = f"/api/v1/runs/{retried.id}"
    return RunShape.model_validate(retried)


@router.get(
    "/{run}/events",
    dependencies=[needs(Need.READ)],
    summary="Watch a run (server-sent events)",
    response_class=StreamingResponse,
    response_description="The events that follow, as they happen.",
    responses={
        200: {"content": {"text/event-stream": {"example": _STREAM}}},
        **problems(404),
    },
)
async def watch_run(
    run: UUID,
    request: Request,
    platform: PlatformOf,
    caller: CallerOf,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Stream the durable events of a run, in order, until the one that ends it.

    `id` is the event's number in its run; send the last one seen as `Last-Event-ID` to go on
    after it. A comment line (`: ping`) comes every 15 s when nothing else does.

    Events without `id` are live text, not kept: `step.text` is a piece of what a step says while
    it works, `offset` counts code points from the start of what its attempt and revision say, and
    whoever comes late gets the text so far; `step.reset` says that what the step said before is
    void, because it is tried again (`attempt`) or revised its text (`revision`), and the text
    begins anew. When `step.succeeded` comes, the text of a step that spoke is the text of its
    output; the step that spoke last has that of the run's answer. A reader that takes nothing for
    30 s is cut off.
    """
    beat_s = request.state.ping_s
    events = await platform.runs.watch(caller.tenant, run, last_event_id or 0, beat_s=beat_s)
    return StreamingResponse(
        _stream(events),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(run: AsyncGenerator[Told | None, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(run) as events:
        async for told in events:
            yield b": ping\n\n" if told is None else frame(told)


def frame(told: Told) -> bytes:
    """Give what a watcher is told as a server-sent event (WHATWG HTML §9.2)."""
    match told:
        case Event():
            head = f"id: {told.seq}\nevent: {told.type.value}"
        case StepText():
            head = f"event: {LiveEvent.TEXT.value}"
        case StepReset():
            head = f"event: {LiveEvent.RESET.value}"
    # In ASCII: some clients take more characters for line ends than the protocol does.
    data = json.dumps(told.model_dump(mode="json"))
    return f"{head}\ndata: {data}\n\n".encode()
