"""The child process that builds an index: `python -m sutazai_kit.vectors.build FROM TO PARENT`.

The engine keeps Python's global lock while it builds (7 s at 30 000 points, 30 to 100 s at
100 000), so the parent would stand still. The child copies the folder, says `copied`, and builds in
the copy while the parent may write to the original.
"""

import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path

import qdrant_edge as engine

_PR_SET_PDEATHSIG = 1
_BLOCK = 1 << 20
_STAT_BLOCK = 512
# The copy, its index, and the old segments until they are merged.
_ROOM = 3
_LEAST_URGENT = 19


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder's files without filling their holes; the engine makes files 32 MB at a time.

    Leaves the disk as it is, and the process, when there is no room for the copy and the index.
    """
    blocks = sum(path.stat().st_blocks for path in source.rglob("*"))
    if shutil.disk_usage(source).free < blocks * _STAT_BLOCK * _ROOM:
        sys.exit("there is too little room on the disk")
    for here, _, names in os.walk(source):
        there = target / Path(here).relative_to(source)
        there.mkdir(parents=True)
        for name in names:
            _copy_file(Path(here, name), there / name)


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        writer.truncate(size)
        start = _next_data(reader.fileno(), 0, size)
        while start < size:
            end = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            reader.seek(start)
            writer.seek(start)
            while (left := end - reader.tell()) > 0:
                block = reader.read(min(_BLOCK, left))
                if not block:
                    break
                writer.write(block)
            start = _next_data(reader.fileno(), end, size)


def _next_data(file: int, start: int, size: int) -> int:
    try:
        return os.lseek(file, start, os.SEEK_DATA)
    except OSError:  # ENXIO: only a hole is left
        return size


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def main(source: str, target: str, parent: str) -> None:
    """Copy a closed or resting folder and build the index in the copy."""
    _end_with(int(parent))
    # Whoever searches goes first, on two cores too.
    os.nice(_LEAST_URGENT)
    copy_folder(Path(source), Path(target))
    sys.stdout.write("copied\n")
    sys.stdout.flush()
    shard = engine.EdgeShard.load(target)
    shard.optimize()
    shard.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
