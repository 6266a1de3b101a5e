"""The two ways an agent says that there is no result: `Retry` and `Refuse`.

Anything else an agent raises is a bug and is shown as one.
"""


class Retry(Exception):
    """Ask to be called again later; the call counts as an attempt."""

    def __init__(self, reason: str, after_s: float = 0) -> None:
        """Take why, in words for a person, and the least wait in seconds."""
        if not 0 <= after_s < float("inf"):
            raise ValueError(f"after_s is a number of seconds from 0, not {after_s!r}")
        super().__init__(reason)
        self.reason = reason
        self.after_s = after_s


class Refuse(Exception):
    """Say that the task can't be done, now or later; no further attempt is made."""

    def __init__(self, reason: str) -> None:
        """Take why, in words for a person."""
        super().__init__(reason)
        self.reason = reason
