"""Celery as one sets it up for work that must not be lost: the application and its one task.

It runs in an environment of its own (`requirements/peers.txt`); nothing of ours but the clock of
starts is imported here.
"""

import os

from celery import Celery

from benchmarks.peers.starts import tell_start

app = Celery(
    "benchmarks.peers.celery_app",
    broker=os.environ["PEERS_AMQP"],
    backend="db+" + os.environ["PEERS_SQL"].replace("postgresql:", "postgresql+psycopg:"),
)
app.conf.update(
    # A task is settled once it is done, and comes again when its worker dies.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Every publish waits for the broker's confirm.
    broker_transport_options={"confirm_publish": True},
    task_default_queue="celery.noop",
    task_default_queue_type="quorum",
    worker_detect_quorum_queues=True,
    broker_connection_retry_on_startup=True,
)


@app.task  # type: ignore[untyped-decorator]  # it is not installed where types are checked
def noop(goal: str) -> dict[str, str]:
    """Give back what it is given."""
    tell_start(goal)
    return {"goal": goal}
