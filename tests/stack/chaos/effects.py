"""The agent whose effects are counted, installed into a stack that runs; and what it did."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.stack.running import Stack, make_secrets

AGENT = "effects"
OVERLAY = "tests/stack/chaos/effects.yml"
PLUGIN = "tests/faults/plugin"
_FILE = "/effects/effects.jsonl"


@contextmanager
def with_effects(stack: Stack) -> Iterator[Stack]:
    """Give the same stack with the agent, and take it out again at the end."""
    (stack.folder / AGENT).mkdir(mode=0o777)
    # Whatever the mask says: the container's user is neither ours nor the folder's.
    (stack.folder / AGENT).chmod(0o777)
    make_secrets(stack.project, stack.variables, plugin=PLUGIN)
    more = stack.laid_over(OVERLAY)
    # The broker reads its users, and core the agents' tokens, as they start.
    more.compose("up", "-d", "--no-deps", "--force-recreate", "--wait", "rabbitmq", "core", AGENT)
    try:
        yield more
    finally:
        more.compose("rm", "-fs", AGENT)
        stack.compose("up", "-d", "--no-deps", "--wait", "core")


def effects_of(stack: Stack) -> list[dict[str, Any]]:
    """Read what the agent wrote: a line for each effect."""
    written = stack.run_in(AGENT, "cat", _FILE)
    return [json.loads(line) for line in written.splitlines()]
