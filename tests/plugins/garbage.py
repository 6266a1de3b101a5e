"""Collections of garbage go over what tests make, not over the thousands of tests themselves.

What is imported and collected stays to the end. Each look for garbage among it takes seconds.
"""

import gc

gc.disable()


def pytest_collection_finish() -> None:
    """Leave out what is there now, and look for garbage from now on."""
    gc.freeze()
    gc.enable()
