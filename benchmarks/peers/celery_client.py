"""The client of Celery: submits tasks as its users do, each waiting for the broker's confirm."""

import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.peers.celery_app import noop
from benchmarks.peers.lines import answer_with
from benchmarks.peers.starts import Starts

GAP_S = 0.02


def many(tasks: int, submitters: int) -> float:
    """Submit many at once; gives how long that took, seconds."""
    begun = time.monotonic()
    with ThreadPoolExecutor(submitters) as pool:
        for _ in pool.map(lambda _: noop.delay("nothing"), range(tasks)):
            pass
    return time.monotonic() - begun


def hot(tasks: int) -> list[float]:
    """Submit one at a time; gives the times from submitting to the task's first line, ms."""
    starts, taken = Starts(), []
    for _ in range(tasks):
        asked = time.monotonic()
        noop.delay(starts.goal)
        taken.append((starts.hear() - asked) * 1000)
        time.sleep(GAP_S)
    return taken


if __name__ == "__main__":
    answer_with({"many": many, "hot": hot})
