"""The labelled points of the path of a task, in its order: one table, used by tests alone.

`times`: at which passage the process is killed, drawn from so many to so many under each load.
`swept`: documents are removed under it, which only the sweeper's points need.
`unwritten`: what is at stake there is in no record yet; the client, who has no answer, asks again.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class CrashPoint:
    """Where the process is killed."""

    label: str
    meaning: str
    times: tuple[int, int] = (2, 8)
    swept: bool = False
    unwritten: bool = False


# Runs that are submitted at the same time are written by few transactions.
SUBMISSION = (
    CrashPoint(
        "before:commit:submit",
        "run, tasks, event and outbox row are written",
        (2, 3),
        unwritten=True,
    ),
    CrashPoint("after:commit:submit", "they are there; the client knows nothing of it", (2, 3)),
    CrashPoint(
        "before:file:put", "a file is about to be put: an upload, its text, its lines", (2, 5)
    ),
    CrashPoint("after:file:put", "the file is there, and nothing refers to it", (2, 5)),
    CrashPoint("before:commit:upload", "document, version and run are written", (2, 3)),
    CrashPoint("after:commit:upload", "they are there; the client knows nothing of it", (1, 2)),
)
OUTBOX = (
    CrashPoint("before:outbox:take", "wake-ups are due", (1, 4)),
    CrashPoint("after:outbox:take", "they are taken from the outbox", (1, 4)),
    CrashPoint("before:publish:wake-up", "and not published", (1, 4)),
    CrashPoint("after:publish:wake-up", "they are in the queue, not confirmed", (1, 4)),
    CrashPoint("after:confirm:wake-up", "and confirmed", (1, 4)),
    CrashPoint("before:commit:outbox", "their removal is not committed", (1, 4)),
    CrashPoint("after:commit:outbox", "it is", (1, 4)),
)
CLAIM = (
    CrashPoint("before:commit:claim", "tasks are claimed", (2, 8)),
    CrashPoint("after:commit:claim", "they are; the worker knows nothing of it", (2, 8)),
    CrashPoint("before:ack:wake-up", "the claim is answered, the wake-up not settled", (2, 8)),
    CrashPoint("after:ack:wake-up", "it is settled", (2, 8)),
    CrashPoint("before:commit:heartbeat", "leases are renewed", (1, 4)),
    CrashPoint("after:commit:heartbeat", "they are; the worker knows nothing of it", (1, 4)),
    CrashPoint("before:commit:progress", "an event of progress is written", (1, 3)),
    CrashPoint("after:commit:progress", "it is there", (1, 3)),
)
WORK = (
    CrashPoint("before:effect", "an agent is about to do something to the world", (3, 30)),
    CrashPoint("after:effect", "it did, and no one knows", (3, 30)),
    CrashPoint("before:publish:outcome", "a task is done, its outcome not published", (3, 15)),
    CrashPoint("after:publish:outcome", "the outcome is in the queue, not confirmed", (3, 15)),
    CrashPoint("after:confirm:outcome", "and confirmed", (3, 15)),
    CrashPoint("before:commit:outcome", "task, events, next wake-ups are written", (3, 12)),
    CrashPoint("after:commit:outcome", "they are there", (3, 12)),
    CrashPoint("before:ack:outcome", "the outcome is applied, not settled", (3, 12)),
    CrashPoint("after:ack:outcome", "it is settled", (3, 12)),
)
DOCUMENTS = (
    CrashPoint("before:vectors", "text and lines are there, points are not", (1, 2)),
    CrashPoint("after:vectors", "points are there, and nothing refers to them", (1, 2)),
    CrashPoint("before:commit:publication", "a version and its chunks are published", (1, 2)),
    CrashPoint("after:commit:publication", "it is searchable; the outcome not settled", (1, 2)),
    CrashPoint("before:sweep:points", "points of a removed document are still there", (1, 2), True),
    CrashPoint("after:sweep:points", "they are gone, the record has them", (1, 2), True),
    CrashPoint("before:commit:sweep:points", "that is written, not committed", (1, 2), True),
    CrashPoint("after:commit:sweep:points", "it is; the files are still there", (1, 2), True),
    CrashPoint("before:sweep:file", "a file is about to be removed", (1, 6), True),
    CrashPoint("after:sweep:file", "it is gone, the record has it", (1, 6), True),
    CrashPoint("before:commit:sweep:file", "that is written, not committed", (1, 2), True),
    CrashPoint("after:commit:sweep:file", "it is", (1, 2), True),
)
GROUPS = {
    "submission": SUBMISSION,
    "outbox": OUTBOX,
    "claim": CLAIM,
    "work": WORK,
    "documents": DOCUMENTS,
}
POINTS = tuple(point for group in GROUPS.values() for point in group)
