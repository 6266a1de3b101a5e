"""Ids, tokens and the application's clock, drawn from the seed for the time of a simulation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from random import Random
from typing import Self
from uuid import UUID

import pytest

import sutazai.core.runs.service
import sutazai.core.tasks.service
import sutazai_contracts.identifiers
import sutazai_kit.runner
from sutazai_kit.leases import Lease
from tests.simulation.loop import SimLoop


@dataclass
class ApplicationClock:
    """The wall clock of the processes, which someone may set; leases must not care."""

    loop: SimLoop
    off_s: float = 0.0

    def time_ns(self) -> int:
        """Give Unix time."""
        return int((1_767_225_600 + self.loop.now + self.off_s) * 1e9)


@contextmanager
def drawn_identity(random: Random, clock: ApplicationClock) -> Iterator[None]:
    """Have the product draw its ids and tell its time from here."""

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(0, tz) + timedelta(microseconds=clock.time_ns() // 1000)

    class Urandom:
        urandom = staticmethod(random.randbytes)

    def uuid4() -> UUID:
        return UUID(int=random.getrandbits(128), version=4)

    def lease_hash(lease: Lease) -> int:
        return hash(lease.claim.token)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sutazai_contracts.identifiers, "time", clock)
        patch.setattr(sutazai_contracts.identifiers, "os", Urandom)
        # The last id made in this process is of another time; it comes back afterwards.
        patch.setattr(sutazai_contracts.identifiers, "_last", 0)
        patch.setattr(sutazai.core.tasks.service, "uuid4", uuid4)
        patch.setattr(sutazai_kit.runner, "uuid4", uuid4)
        patch.setattr(sutazai_kit.runner, "datetime", Datetime)
        patch.setattr(sutazai.core.runs.service, "datetime", Datetime)
        # Leases are kept in a set: its order must not depend on where they lie in memory.
        patch.setattr(Lease, "__hash__", lease_hash)
        yield
