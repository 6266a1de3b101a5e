"""Supervise ``child.py`` under a folder until killed: ``parent.py ROOT [child's options]``."""

import asyncio
import sys
from pathlib import Path

from sutazai.bootstrap.processes.child import Supervised
from tests.integration.processes.children import describe


async def main(root: Path, options: list[str]) -> None:
    async with Supervised(describe(root, *options)) as child:
        print(child.pid, flush=True)
        await asyncio.Event().wait()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
