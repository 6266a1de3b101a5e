"""Answers of models that core keeps in its cache: of each tenant and agent apart."""

from collections.abc import Callable
from uuid import UUID

from pydantic import ValidationError

from sutazai.core.cache.port import Cache
from sutazai_contracts.answers import MAX_ANSWER_BYTES, KeptAnswer


def _unheard(found: bool) -> None:
    """Take what nobody counts."""


class KeptAnswers:
    """Keep answers for a time, by whose they are and the question's key."""

    def __init__(
        self, cache: Cache, kept_s: float, on_lookup: Callable[[bool], None] = _unheard
    ) -> None:
        """Take the cache, the seconds (0: nothing is kept), and who hears what was found."""
        self._cache, self._kept_s, self._on_lookup = cache, kept_s, on_lookup

    async def find(self, tenant: UUID, agent: str, key: str) -> KeptAnswer | None:
        """Give what was answered; None: nothing is kept."""
        if not self._kept_s:
            return None
        kept = await self._cache.get(_name(tenant, agent, key))
        answer = None if kept is None else _read(kept)
        self._on_lookup(answer is not None)
        return answer

    async def keep(self, tenant: UUID, agent: str, key: str, answer: KeptAnswer) -> None:
        """Keep an answer, unless it is too large."""
        content = answer.model_dump_json().encode()
        if self._kept_s and len(content) <= MAX_ANSWER_BYTES:
            await self._cache.put(_name(tenant, agent, key), content, self._kept_s)


def _name(tenant: UUID, agent: str, key: str) -> str:
    return f"answer:{tenant}:{agent}:{key}"


def _read(kept: bytes) -> KeptAnswer | None:
    try:
        return KeptAnswer.model_validate_json(kept)
    except ValidationError:
        # Of another version of this program.
        return None
