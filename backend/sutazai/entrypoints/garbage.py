"""Python's garbage collector in a process that answers requests."""

import gc

# A request makes some thousand objects, and nearly all go as soon as nothing holds them: looked at
# after every 700, as Python does by itself, a tenth of the time and more goes on finding nothing.
YOUNG = 10_000


def settle() -> None:
    """Let the collector pass over all that was made so far, and look less often at the rest.

    Call it once all is open: modules, routes and models are there until the process ends. What is
    garbage by then stays as well, some hundred objects: to look for it takes a tenth of a second.
    """
    gc.freeze()
    gc.set_threshold(YOUNG)
