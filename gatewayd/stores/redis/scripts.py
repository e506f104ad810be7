"""What Redis has no single command for, each for one key; see `Store` for what they are to do."""

from __future__ import annotations

from hashlib import sha1

COUNT = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return tonumber(ARGV[1])
end
return redis.call('INCRBY', KEYS[1], ARGV[1])
"""

ADD = """
local left = redis.call('PTTL', KEYS[1])
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(ARGV[2]) > tonumber(score) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
if left == -2 or (left >= 0 and left < tonumber(ARGV[3])) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
"""


def digest(lua: str) -> bytes:
    """The name under which Redis keeps a script."""
    return sha1(lua.encode(), usedforsecurity=False).hexdigest().encode()
