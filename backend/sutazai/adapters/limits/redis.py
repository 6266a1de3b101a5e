"""Limits by Redis: all processes of core count together."""

import hashlib
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from sutazai.adapters.limits.inprocess import InProcessLimits
from sutazai.adapters.redis_client import RedisLink, RedisLost
from sutazai.core.limits.port import Decision, Limits, Rate

PREFIX = "sutazai:limit:"
# The generic cell rate algorithm (ITU-T I.371) on Redis' own clock, in microseconds: what is kept
# is the time at which all that was taken is earned again.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval = tonumber(ARGV[1])
local window = interval * tonumber(ARGV[2])
local earned = tonumber(redis.call('GET', KEYS[1]) or now)
-- So much is owed only by an earlier, slower rate, or after the clock was set back: begin anew.
if earned < now or earned > now + window then earned = now end
local wait = earned + interval - now - window
if wait > 0 then return {0, 0, wait} end
earned = earned + interval
redis.call('SET', KEYS[1], string.format('%.0f', earned), 'PX', math.ceil((earned - now) / 1000))
return {1, math.floor((window - (earned - now)) / interval), 0}
"""
# Redis' own name of the script.
TAKE_SHA1 = hashlib.sha1(TAKE.encode(), usedforsecurity=False).hexdigest()


class RedisLimits:
    """Count in Redis, by one atomic script a decision; while it is lost, in this process."""

    def __init__(self, link: RedisLink, alone: Limits | None = None) -> None:
        """Take the way to Redis, and what counts without it."""
        self._link = link
        self._alone = alone or InProcessLimits()

    async def take(self, key: str, rate: Rate) -> Decision:
        """Do it once, or be told when."""
        interval = max(1, round(rate.interval_s * 1e6))

        async def decide(client: Redis) -> list[int]:
            given = (1, PREFIX + key, str(interval), str(rate.burst))
            try:
                decided = await client.evalsha(TAKE_SHA1, *given)
            except NoScriptError:
                # Redis was started anew; this tells it the script too.
                decided = await client.eval(TAKE, *given)
            return cast(list[int], decided)

        try:
            allowed, remaining, wait = await self._link.ask(decide)
        except RedisLost:
            return await self._alone.take(key, rate)
        return Decision(bool(allowed), remaining, wait / 1e6)

    async def forget(self, key: str) -> None:
        """Begin anew with a key."""
        await self._alone.forget(key)
        try:
            await self._link.ask(lambda client: client.delete(PREFIX + key))
        except RedisLost:
            return
