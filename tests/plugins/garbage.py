"""Collections of garbage go over what tests make, not over the thousands of tests themselves."""

import gc


def pytest_collection_finish() -> None:
    """Leave out what is there now: it stays to the end, and going over it again costs seconds."""
    gc.collect()
    gc.freeze()
