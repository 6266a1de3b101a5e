"""What a runner tells whoever counts: metrics, tests, the list of agents."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class RunnerState:
    """A runner as it is now.

    `done` counts results and requests to be called again, `failed` refusals and crashes; work
    that was cancelled, lost or handed back counts as neither.
    """

    name: str
    busy: int
    slots: int
    done: int
    failed: int
    last_work_at: datetime | None


class RunnerObserver(Protocol):
    """Hear what a runner does. Called in its event loop, so it is to be quick."""

    def claimed(self, agent: str, tasks: int) -> None:
        """Hear that tasks were claimed."""

    def finished(self, agent: str, kind: str, seconds: float) -> None:
        """Hear that a task ended.

        Args:
            agent: whose task it was.
            kind: the kind of its result (`succeeded`, `retry`, `refused`, `crashed`, `released`),
                or why there is none (`cancelled`, `lost`).
            seconds: from the claim to the confirmed outcome.
        """


class NoObserver:
    """Hear nothing."""

    def claimed(self, agent: str, tasks: int) -> None:
        """Let it pass."""

    def finished(self, agent: str, kind: str, seconds: float) -> None:
        """Let it pass."""
