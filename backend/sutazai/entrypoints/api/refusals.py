"""The log of refused requests: who tried what, and never so many lines that they fill a disk."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from loguru import logger

from sutazai.entrypoints.api.metrics import METHODS

# Not known, not allowed, no such method, too large, no sense, too often: what somebody who tries
# doors leaves behind. The rest of 4xx is what happens to everybody.
REFUSALS = frozenset({400, 401, 403, 405, 413, 422, 429})
LINES_A_MINUTE = 120
_MINUTE_S = 60.0


@dataclass(slots=True)
class RefusalLog:
    """Log refusals, so many lines a minute; those beyond are counted, and the next minute tells.

    Args:
        lines: how many refusals of a minute have a line of their own.
        clock: monotonic seconds.
    """

    lines: int = LINES_A_MINUTE
    clock: Callable[[], float] = time.monotonic
    _ends_at: float = float("-inf")
    _logged: int = 0
    _beyond: Counter[int] = field(default_factory=Counter)

    def note(self, scope: MutableMapping[str, Any], route: str, status: int) -> None:
        """Log who was refused, as far as it is known: no word of theirs, and of a path its form."""
        if status not in REFUSALS:
            return
        if self.clock() >= self._ends_at:
            self._begin()
        if self._logged == self.lines:
            if not self._beyond:
                logger.warning("more is refused: it is counted, and told in a minute")
            self._beyond[status] += 1
            return
        self._logged += 1
        method = scope["method"] if scope["method"] in METHODS else "other"
        logger.bind(request_id=scope["request_id"], status=status, **_whose(scope)).info(
            "{} {} refused: {}", method, route, status
        )

    def _begin(self) -> None:
        if self._beyond:
            counts = {str(status): number for status, number in sorted(self._beyond.items())}
            logger.bind(refused=counts).warning(
                "{} requests more were refused, by status: {}", self._beyond.total(), counts
            )
        self._ends_at = self.clock() + _MINUTE_S
        self._logged = 0
        self._beyond.clear()


def _whose(scope: Mapping[str, Any]) -> dict[str, str]:
    caller = scope.get("state", {}).get("caller")
    return {} if caller is None else {"tenant": str(caller.tenant), "user": str(caller.user)}
