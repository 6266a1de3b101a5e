"""A clock that jumps, for some containers: libfaketime between their processes and the C library.

Containers share the machine's clock, and setting that would hit all that runs there. libfaketime
(from the wheel of the same name) answers the same calls with an offset that it reads from a file,
so that a running process sees its wall clock jump as it would see an administrator set it; clocks
that only count on (CLOCK_MONOTONIC) are left alone, as they are then. It needs programs that ask
the C library for the time: CPython and PostgreSQL do.
"""

import platform
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from tests.stack.product import Product
from tests.stack.running import Stack, eventually

OVERLAY = "tests/stack/chaos/clock-{}.yml"
# Processes look into the file once a second, where they get to do anything.
SEEN_S = 120.0
# So near is the same time, for an answer takes as long as it takes.
SAME_S = 60.0
_DATE = """
import urllib.request
print(urllib.request.urlopen("http://{}/health/live", timeout=5).headers["date"])
"""
_ADDRESSES = {"core": "127.0.0.1:10010", "researcher": "127.0.0.1:11000"}


def library() -> Path | None:
    """Find libfaketime for this machine's kind of processor."""
    found = find_spec("libfaketime")
    if found is None or found.origin is None or platform.machine() != "x86_64":
        return None
    return Path(found.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"


@contextmanager
def own_clocks(stack: Stack, services: Sequence[str]) -> Iterator[Stack]:
    """Give the stack with clocks of their own for some services, which agree with all others yet.

    Their containers are made anew for it, and again at the end.
    """
    more = stack
    for service in services:
        _lay_out(stack, service)
        more = more.laid_over(OVERLAY.format(service))
    try:
        more.compose("up", "-d", "--no-deps", "--wait", *services)
        yield more
    finally:
        stack.compose("up", "-d", "--no-deps", "--wait", *services)


def jump(product: Product, services: Sequence[str], seconds: int) -> None:
    """Let the clocks of services jump, and wait until their processes have seen it."""
    for service in services:
        _set(product.stack, service, seconds)
    for service in {*services} & {"postgres", *_ADDRESSES}:
        eventually(partial(_is_at, product, service, seconds), within_s=SEEN_S)


def _is_at(product: Product, service: str, seconds: int) -> bool:
    return abs(_ahead_s(product, service) - seconds) < SAME_S


def _lay_out(stack: Stack, service: str) -> None:
    """Write what is laid into a service's container: the library, and an offset of nothing."""
    folder = stack.folder / "clock" / service
    folder.mkdir(parents=True, exist_ok=True)
    made_of = library()
    assert made_of is not None, "there is no libfaketime for this machine"
    shutil.copyfile(made_of, folder / made_of.name)
    for path in (folder.parent, folder, folder / made_of.name):
        path.chmod(0o755)
    _set(stack, service, 0)


def _set(stack: Stack, service: str, seconds: int) -> None:
    path = stack.folder / "clock" / service / "offset"
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{seconds:+d}\n")
    fresh.chmod(0o644)
    # At once: half a line would be another time.
    fresh.replace(path)


def _ahead_s(product: Product, service: str) -> float:
    """Tell how far the clock that a service's own processes see is ahead of the machine's."""
    if service == "postgres":
        [[shown]] = product.sql("SELECT extract(epoch FROM clock_timestamp())")
        return float(shown) - time.time()
    told = product.stack.python(service, _DATE.format(_ADDRESSES[service]))
    return parsedate_to_datetime(told).timestamp() - time.time()
