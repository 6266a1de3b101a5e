"""A worker of its own process, for a test that stops it: claims one task, then does as it is told.

    python zombie.py APP_URL WORKER_URL WORKER LEASE_S

Prints the claim as JSON. A command is a line: `beat`, `progress`, `outcome`; the answer is a line.
What was written while the process stood still is done when it goes on, under the old token.
"""

import asyncio
import sys

from sutazai.core.tasks.service import Tasks
from sutazai.records.database import open_database
from sutazai.records.ledger import SqlLedger
from sutazai.records.roles import DatabaseUrls
from sutazai_contracts.tasks import Beat, Claim, Progress
from tests.integration.ledger.conftest import no_chunks, outcome


async def work(app: str, worker: str, name: str, lease_s: float) -> None:
    """Claim, and do what standard input says until it ends."""
    urls = DatabaseUrls(owner=app, app=app, worker=worker)
    async with open_database(urls, pool_size=1) as database:
        tasks = Tasks(SqlLedger(database), no_chunks, lease_s=lease_s)
        [claim] = (await tasks.claim("worker", name, 1)).claims
        print(claim.model_dump_json(), flush=True)
        while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
            print(await obey(command, tasks, claim), flush=True)


async def obey(command: str, tasks: Tasks, claim: Claim) -> str:
    """Do one thing under the claim; gives what the ledger said."""
    if command == "outcome":
        return f"applied {await tasks.apply([outcome(claim)])}"
    progress = Progress(message="still here") if command == "progress" else None
    beat = Beat(task=claim.task, token=claim.token, progress=progress)
    [reply] = await tasks.heartbeat([beat])
    return reply.value


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
