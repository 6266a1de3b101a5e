"""What an agent is given with a task: who asks, the ports it may use, a voice for its progress."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid5

from sutazai_contracts.tasks import Claim, Progress
from sutazai_kit.asking import Models

if TYPE_CHECKING:
    from sutazai_contracts.joining import Joined
    from sutazai_contracts.knowledge import CollectionGrant
    from sutazai_kit.asking import ModelAccess
    from sutazai_kit.embeddings.port import Embeddings
    from sutazai_kit.files.port import TaskFiles
    from sutazai_kit.joining.port import Joining
    from sutazai_kit.live.port import Speaking
    from sutazai_kit.vectors.port import Vectors

MESSAGE_LENGTH = 500

Port = TypeVar("Port")


@dataclass(frozen=True)
class AgentPorts:
    """The ports a process gives its agents; one it does not have is None.

    `bind` gives the ports as the work on one claim gets them, where rights hang on the claim.
    """

    files: TaskFiles | None = None
    vectors: Vectors | None = None
    embeddings: Embeddings | None = None
    models: ModelAccess | None = None
    live: Speaking | None = None
    joining: Joining | None = None
    bind: Callable[[AgentPorts, Claim], AgentPorts] | None = None

    def bound(self, claim: Claim) -> AgentPorts:
        """Give the ports for the work on one claim."""
        return self if self.bind is None else self.bind(self, claim)


def _ignore(progress: Progress) -> None:
    """Take progress that nobody watches."""


def _unheard(text: str) -> None:
    """Take words that nobody hears."""


class AgentContext:
    """One task as its agent sees it, for the time of one call of the handler."""

    def __init__(
        self,
        claim: Claim,
        ports: AgentPorts | None = None,
        on_progress: Callable[[Progress], None] = _ignore,
        on_say: Callable[[str], None] = _unheard,
    ) -> None:
        """Take the claim, the ports of this process, who hears of progress, and who of words."""
        self._claim = claim
        self._ports = ports or AgentPorts()
        self._on_progress = on_progress
        self._on_say = on_say
        self._usage: dict[str, float] = {}
        self._models = Models(self._ports.models, claim, on_progress, self.meter)

    @property
    def task(self) -> UUID:
        """Give the id of the task."""
        return self._claim.task

    @property
    def run(self) -> UUID:
        """Give the id of the run that the task belongs to."""
        return self._claim.run

    @property
    def tenant(self) -> UUID:
        """Give the id of the tenant for whom the work is done."""
        return self._claim.tenant

    @property
    def step(self) -> str:
        """Give the name of the step in its workflow."""
        return self._claim.step

    @property
    def attempt(self) -> int:
        """Give which attempt this is, from 1."""
        return self._claim.attempt

    @property
    def grant(self) -> CollectionGrant | None:
        """Give the collection this task may touch, or None."""
        return self._claim.grant

    @property
    def usage(self) -> dict[str, float]:
        """Give a copy of what was metered so far."""
        return dict(self._usage)

    @property
    def files(self) -> TaskFiles:
        """Give the file store."""
        return _given("files", self._ports.files)

    @property
    def vectors(self) -> Vectors:
        """Give the vector store."""
        return _given("vectors", self._ports.vectors)

    @property
    def embeddings(self) -> Embeddings:
        """Give the embedding model."""
        return _given("embeddings", self._ports.embeddings)

    @property
    def models(self) -> Models:
        """Give the way to language models; where there are none, `choose` gives None."""
        return self._models

    async def joined(self, chunks: Sequence[UUID]) -> Joined:
        """Tell which chunks of the task's collection are joined to some by what both name.

        Args:
            chunks: what others are joined to, best first.

        Raises:
            GraphUnavailable: the graph can't be asked now.
        """
        return await _given("joining", self._ports.joining).joined(self._claim, chunks)

    def effect_key(self, item: str = "") -> UUID:
        """Name a side effect: UUIDv5 (RFC 9562) of run, step, item; the same in every attempt.

        Of a run that retries another the other's counts: what that one did is not done twice.
        """
        # A step's name has no slash, so no two pairs of step and item meet.
        return uuid5(self._claim.origin or self.run, f"{self.step}/{item}")

    async def progress(
        self, message: str, done: int | None = None, total: int | None = None
    ) -> None:
        """Tell how far the work is.

        The newest progress travels with the next heartbeat; older ones that were not sent yet are
        forgotten. The call lets other tasks of the process run.

        Args:
            message: words for a person; cut at 500 characters.
            done: how many things are done.
            total: of how many.
        """
        if len(message) > MESSAGE_LENGTH:
            message = message[: MESSAGE_LENGTH - 1] + "…"
        self._on_progress(Progress(message=message, done=done, total=total))
        await asyncio.sleep(0)

    async def say(self, text: str) -> None:
        """Say the next piece of what this step's text comes to, for those who watch its run.

        Best effort: delivery never fails the work and hardly takes time; small pieces travel
        together. What counts is the step's output: where the field that the agent `speaks` reads
        otherwise in the end, watchers are told so and get that text instead. Another attempt
        begins anew. The call lets other tasks of the process run.

        Raises:
            TypeError: the agent does not declare what it `speaks`.
        """
        self._on_say(text)
        await asyncio.sleep(0)

    def meter(self, name: str, amount: float) -> None:
        """Add to the counted work of this call, such as `tokens_embedded`."""
        if not math.isfinite(amount):
            raise ValueError(f"the amount of {name} is a finite number, not {amount!r}")
        self._usage[name] = self._usage.get(name, 0) + amount

    def close(self) -> None:
        """Give back what the handler still holds, such as a slot, once its call has ended."""
        self._models.close()


def _given(name: str, port: Port | None) -> Port:
    """Give a port, or say which one this process does not have."""
    if port is None:
        raise RuntimeError(f"This process gives its agents no port `{name}`: see AgentPorts.")
    return port
