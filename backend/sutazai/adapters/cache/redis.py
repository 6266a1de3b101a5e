"""A cache in Redis: all processes of core use it together."""

from typing import cast

from sutazai.adapters.redis_client import RedisLink, RedisLost
from sutazai.core.cache.port import MOST_BYTES

PREFIX = "sutazai:cache:"


class RedisCache:
    """Keep values in Redis; while it is lost, nothing is kept and nothing found."""

    def __init__(self, link: RedisLink) -> None:
        """Take the way to Redis."""
        self._link = link

    async def get(self, key: str) -> bytes | None:
        """Give what is kept under a key; None: nothing is, or Redis does not answer."""
        try:
            found = await self._link.ask(lambda client: client.get(PREFIX + key))
        except RedisLost:
            return None
        return cast(bytes | None, found)

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value in the place of what was there; one above `MOST_BYTES` is not kept."""
        if len(value) > MOST_BYTES:
            await self.drop(key)
            return
        milliseconds = max(1, round(ttl_s * 1000))
        try:
            await self._link.ask(lambda client: client.set(PREFIX + key, value, px=milliseconds))
        except RedisLost:
            return

    async def drop(self, key: str) -> None:
        """Forget a key, where there is one."""
        try:
            await self._link.ask(lambda client: client.delete(PREFIX + key))
        except RedisLost:
            return
