"""A stack of its own under measurement: the standard size, on free ports, used once."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from tests.journey.suite import LEASES, upload
from tests.stack.product import Product
from tests.stack.running import Stack, eventually, new_stack, run, start

WELL_S = 180.0


@contextmanager
def running_stack(**settings: str) -> Iterator[Stack]:
    """Give a stack that has indexed a document and answered a question; it is removed at the end.

    Args:
        settings: variables of the compose files.
    """
    run("docker", "buildx", "bake", "--load", "-f", "compose/docker-bake.hcl")
    with new_stack(**settings) as stack:
        start(stack)
        product = Product(stack)
        eventually(product.well, within_s=WELL_S)
        with product.client(timeout_s=60) as client:
            upload(client, "default", f"leases-{uuid4().hex[:6]}.md", LEASES)
        shown = product.ended(product.ask())
        if shown["status"] != "succeeded":
            raise SystemExit(f"the stack does not answer: {shown['error']}")
        yield stack
