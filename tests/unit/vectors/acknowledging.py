"""A program to be killed: it writes points to a store and says what was acknowledged.

    python acknowledging.py ROOT COLLECTION BATCH

Each line is `+ <id>...` for points written or `- <version>` for a version deleted.
"""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import numpy as np

from sutazai_kit.vectors.edge import open_edge_vectors
from sutazai_kit.vectors.port import Point

DIMENSION = 32


def version_of(number: int) -> UUID:
    """Name the version of a batch."""
    return UUID(int=0xABC << 64 | number)


def batch_of(number: int, size: int) -> list[Point]:
    """Make the points of a batch, each with a word of its own."""
    vectors = np.random.default_rng(number).normal(size=(size, DIMENSION)).astype(np.float32)
    return [
        Point(UUID(int=number << 32 | n), version_of(number), vector, f"word{number}x{n}")
        for n, vector in enumerate(vectors)
    ]


def say(line: str) -> None:
    """Tell the test, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(root: str, collection: str, size: str) -> None:
    """Write until killed, and delete every tenth batch again."""
    async with open_edge_vectors(Path(root)) as vectors:
        await vectors.create(UUID(collection), DIMENSION)
        number = 0
        while True:
            number += 1
            points = batch_of(number, int(size))
            await vectors.upsert(UUID(collection), points)
            say("+ " + " ".join(str(point.id) for point in points))
            if number % 10 == 0:
                await vectors.delete_version(UUID(collection), version_of(number))
                say(f"- {version_of(number)}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
