"""The agent `effects`: each item of a step is one line in a file, written once however often tried.

It is a plug-in as any other: `PYTHONPATH` names the folder above, whose `.dist-info` has its entry
points. `EFFECTS_FILE` says where the lines go, `EFFECTS_PAUSE_S` how long an item takes.
"""

import asyncio
import fcntl
import json
import os
from pathlib import Path

from pydantic import BaseModel

from sutazai_kit import Agent, AgentContext, Refuse, Retry

# Long enough that a kill hits the middle of a step.
PAUSE_S = "0.08"

# The keys that were read from the file, and how far it was read: it grows for as long as it is.
_known: set[str] = set()
_read_to = 0


class Effects(BaseModel):
    """How many items a step has, and a file without which it gives up after the first."""

    items: int
    wants: str = ""


class Effected(BaseModel):
    """Which items were done, and how many of them an earlier attempt had done already."""

    items: list[str]
    found: int


effects = Agent(
    "effects",
    description="Writes a line for each item of a step, exactly once.",
    version="1",
    slots=4,
)


@effects.handler
async def carry_out(task: Effects, ctx: AgentContext) -> Effected:
    """Carry out the items one by one."""
    path = Path(os.environ["EFFECTS_FILE"])
    pause_s = float(os.environ.get("EFFECTS_PAUSE_S", PAUSE_S))
    done, found = [], 0
    for number in range(task.items):
        item = f"item-{number}"
        await asyncio.sleep(pause_s)
        line = {
            "run": str(ctx.run),
            "step": ctx.step,
            "item": item,
            "key": str(ctx.effect_key(item)),
            "attempt": ctx.attempt,
        }
        try:
            found += not await asyncio.to_thread(append_once, path, line)
        except OSError as exc:
            raise Retry(f"the effect can't be made now: {exc.strerror}", 0.5) from exc
        if task.wants and not Path(task.wants).exists():
            raise Refuse(f"{task.wants} is not there")
        done.append(item)
        await ctx.progress(f"{item} is done", number + 1, task.items)
    return Effected(items=done, found=found)


def append_once(path: Path, line: dict[str, object]) -> bool:
    """Append a line unless one with its key is there; gives whether it was appended."""
    global _read_to
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # What others wrote meanwhile, under the lock: whole lines.
        file.seek(_read_to)
        news = file.read()
        _known.update(json.loads(one)["key"] for one in news.splitlines())
        _read_to += len(news)
        if line["key"] in _known:
            return False
        file.write(json.dumps(line).encode() + b"\n")  # one write: a kill can't part it
        os.fsync(descriptor)
    return True
