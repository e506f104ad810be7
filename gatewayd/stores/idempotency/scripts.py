"""The two steps of a key, in Redis and in Python; Redis tells the time there. See `gatewayd.core.idempotency.record`.

A value is a letter for the state, 16 bytes that name the holder, 32 of the fingerprint, the end in 17 digits, the data.
"""

from __future__ import annotations

from gatewayd.core.idempotency import Change, Event, Found, claim, settle
from gatewayd.stores import interface
from gatewayd.stores.interface import Argument, Reply, Script

_CLAIM = """
local holder, print, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local before = redis.call('GET', KEYS[1])
if before then
  if string.sub(before, 18, 49) ~= print then return {'other', '0', ''} end
  local state = string.sub(before, 1, 1)
  if state == 'A' then return {'answer', '0', string.sub(before, 67)} end
  if state == 'U' then return {'unkept', '0', ''} end
  local left = string.format('%.3f', math.max(0, tonumber(string.sub(before, 50, 66)) - now))
  return {state == 'C' and 'busy' or 'lost', left, ''}
end
local after = 'C' .. holder .. print .. string.format('%017.3f', now + lease)
redis.call('SET', KEYS[1], after, 'PX', math.ceil(lease * 1000))
return {'go', '0', ''}
"""

_SETTLE = """
local event, holder, print, seconds, data = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local before = redis.call('GET', KEYS[1])
if before then
  if string.sub(before, 1, 1) ~= 'C' or string.sub(before, 2, 17) ~= holder then return 0 end
elseif event == 'renew' or event == 'release' then
  return 0
end
if event == 'release' then return redis.call('DEL', KEYS[1]) end
local state = ({renew = 'C', answer = 'A', forgo = 'U', lose = 'L'})[event]
local time = redis.call('TIME')
local ends = tonumber(time[1]) + tonumber(time[2]) / 1000000 + seconds
local after = state .. holder .. print .. string.format('%017.3f', ends) .. data
redis.call('SET', KEYS[1], after, 'PX', math.ceil(seconds * 1000))
return 1
"""


def claiming(holder: bytes, fingerprint: bytes, lease: float) -> tuple[Argument, ...]:
    """The arguments of `CLAIM`."""
    return holder, fingerprint, b"%.3f" % lease


def settling(event: Event, holder: bytes, fingerprint: bytes, seconds: float, data: bytes) -> tuple[Argument, ...]:
    """The arguments of `SETTLE`."""
    return event.value.encode(), holder, fingerprint, b"%.3f" % seconds, data


def found_of(reply: Reply) -> Found:
    """What a request finds. Raises `TypeError` or `ValueError` for what is no answer of the script."""
    kind, left, data = reply  # type: ignore[misc]
    if kind not in (b"go", b"busy", b"lost", b"other", b"answer", b"unkept"):
        raise ValueError("no such answer")
    return Found(kind.decode(), float(left), data)  # type: ignore[arg-type]


def _claim_twin(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, interface.Change | None]:
    """The twin of `CLAIM`."""
    holder, fingerprint, lease = args
    found, change = claim(value, holder, fingerprint, float(lease), now)
    return [found.kind.encode(), b"%.3f" % found.left, found.data], _changed(change)


def _settle_twin(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, interface.Change | None]:
    """The twin of `SETTLE`."""
    event, holder, fingerprint, seconds, data = args
    done, change = settle(value, Event(event.decode()), holder, fingerprint, float(seconds), data, now)
    return int(done), _changed(change)


def _changed(change: Change) -> interface.Change | None:
    """A change as stores have it."""
    if change is None or change[0] is None:
        return None if change is None else (None, None)
    return change


CLAIM = Script("idempotency-claim", _CLAIM, _claim_twin)
SETTLE = Script("idempotency-settle", _SETTLE, _settle_twin)
