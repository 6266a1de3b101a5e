"""Live frames: what tasks say, many in one call, each under its claim."""

from starlette.responses import Response
from starlette.routing import Route

from sutazai.core.tasks.ports import HeldTask
from sutazai.entrypoints.internal.requests import Call, answer, route
from sutazai_contracts.frames import Frame
from sutazai_contracts.internal import Frames, FramesTaken, SpokenFrame


def routes() -> list[Route]:
    """Give the routes of live frames."""
    return [route("POST", "/frames", take)]


async def take(call: Call) -> Response:
    """Take frames in their order; those of claims that are lost are named and dropped."""
    said = await call.read(Frames)
    claims = {(frame.task, frame.token) for frame in said.frames}
    held = await call.parts.claims.check_lately(call.agent, claims)
    for spoken in said.frames:
        task = held.get((spoken.task, spoken.token))
        if task is None:
            continue
        if spoken.last:
            await call.parts.live.close(task.task, task.attempt)
        else:
            call.parts.live.publish(_frame(spoken, task))
    lost = {task for task, token in claims if (task, token) not in held}
    return answer(FramesTaken(lost=tuple(sorted(lost))))


def _frame(spoken: SpokenFrame, task: HeldTask) -> Frame:
    """Give a frame as watchers get it: whose it is says the task, not the one who speaks."""
    return Frame(
        task=task.task,
        run=task.run,
        step=task.step,
        attempt=task.attempt,
        revision=spoken.revision,
        offset=spoken.offset,
        text=spoken.text,
    )
