"""What of live text is decided in Redis itself, atomically; and a frame as an entry of a stream."""

from collections.abc import Mapping
from uuid import UUID

from sutazai_contracts.frames import Frame

TASK = "sutazai:live:task:"
RUN = "sutazai:live:run:"
TASKS = "sutazai:live:tasks"

# A frame that is superseded, or comes after the end, changes nothing. A new task is named to who
# watches its run, and takes the place of the one that was silent longest.
SAY = """
local cap, ttl, linger = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local attempt, revision = tonumber(ARGV[8]), tonumber(ARGV[9])
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if newest then
  local known = {}
  for i = 1, #newest[2], 2 do known[newest[2][i]] = newest[2][i + 1] end
  local a, r = tonumber(known.attempt), tonumber(known.revision)
  if attempt < a or (attempt == a and (revision < r or known.last == '1')) then return 0 end
else
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 256, '*', 'task', ARGV[6])
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', cap, '*', 'run', ARGV[7], 'attempt', attempt,
  'revision', revision, 'step', ARGV[10], 'offset', ARGV[11], 'end', ARGV[12], 'text', ARGV[13],
  'last', ARGV[14])
redis.call('PEXPIRE', KEYS[1], ARGV[14] == '1' and linger or ttl)
redis.call('PEXPIRE', KEYS[2], math.max(ttl, linger))
local now = redis.call('TIME')
redis.call('ZADD', KEYS[3], now[1] * 1000000 + now[2], ARGV[6])
redis.call('PEXPIRE', KEYS[3], math.max(ttl, linger))
local over = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[4])
if over > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[3], over)
  for i = 1, #gone, 2 do redis.call('DEL', ARGV[5] .. gone[i]) end
end
return 1
"""
# The end of an attempt is an entry after its newest one, if that is of this attempt.
CLOSE = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not newest then return 0 end
local known = {}
for i = 1, #newest[2], 2 do known[newest[2][i]] = newest[2][i + 1] end
if known.attempt ~= ARGV[1] or known.last == '1' then return 0 end
redis.call('XADD', KEYS[1], '*', 'run', known.run, 'attempt', known.attempt,
  'revision', known.revision, 'step', known.step, 'offset', known['end'], 'end', known['end'],
  'text', '', 'last', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""


class Entry:
    """A frame as the fields of an entry."""

    @staticmethod
    def of(frame: Frame) -> list[str | int]:
        """Give what the script takes, in its order."""
        return [
            str(frame.run),
            frame.attempt,
            frame.revision,
            frame.step,
            frame.offset,
            frame.offset + len(frame.text),
            frame.text,
            int(frame.last),
        ]

    @staticmethod
    def read(task: str, fields: Mapping[bytes, bytes]) -> Frame:
        """Read an entry of a task's stream."""
        return Frame(
            task=UUID(task),
            run=UUID(fields[b"run"].decode()),
            step=fields[b"step"].decode(),
            attempt=int(fields[b"attempt"]),
            revision=int(fields[b"revision"]),
            offset=int(fields[b"offset"]),
            text=fields[b"text"].decode(),
            last=fields[b"last"] == b"1",
        )
