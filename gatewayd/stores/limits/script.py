"""One step for one key of a limit, in Redis and in Python.

Redis tells the time. The clocks of gateways that share a limit differ, and whose is ahead would get more. What the
calendar says is told by the gateway: at midnight its clock decides which day a request belongs to.

A store that hung does afterwards what it was asked for meanwhile, and by then others have answered. So every step says
until when it is wanted, by the store's own clock.
"""

from __future__ import annotations

from math import ceil

from gatewayd.core.quota import Window
from gatewayd.core.ratelimits import NO_DEBT, NOTHING, Debt, Outcome, Rule, advance
from gatewayd.stores.interface import Argument, Change, Reply, Script, Unavailable

GRACE = 60.0  # seconds that a quota is kept beyond its window, for gateways whose clocks are behind

_LUA = """
local function numbers(text)
  local found = {}
  for word in string.gmatch(text, '%S+') do found[#found + 1] = tonumber(word) end
  return unpack(found)
end
local rate, burst, block, quota = numbers(ARGV[1])
local number, left, least, most, latest = numbers(ARGV[2])
local debt, spent, held = numbers(ARGV[3] or '0 0 0')
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local told = math.ceil(now * 1000)
if latest > 0 and told > latest then return string.format('%.0f', told) end
local before = redis.call('GET', KEYS[1])
local tat, till, used = 0, 0, 0
if before then
  local seen, spoiled
  tat, till, seen, spoiled = numbers(before)
  if seen == number then used = spoiled end
end
used = used + spent
if held > 0 then till = math.max(till, now + held) end
local at, ahead = now * rate, 0
if rate > 0 then
  tat = math.min(math.max(tat, at) + debt, at + burst)
  ahead = tat - at
end
local granted, blocked = most, 0
if block > 0 and till > now then
  granted, blocked = 0, math.min(till - now, block)
else
  if rate > 0 and most > 0 then granted = math.min(granted, math.floor(burst - ahead + 1e-6)) end
  if granted < least and block > 0 then
    granted, blocked = 0, block
  else
    if quota > 0 and most > 0 then granted = math.min(granted, quota - used) end
    if granted < least then granted = 0 end
  end
end
if blocked == 0 and granted ~= 0 then
  used = math.max(0, used + granted)
  tat = tat + granted
  ahead = math.max(0, ahead + granted)
end
if granted ~= 0 or blocked > 0 or debt > 0 or spent > 0 then
  local after = string.format('%.17g %.17g %.0f %.0f', tat, blocked > 0 and now + blocked or 0, number, used)
  local life = blocked
  if rate > 0 then life = math.max(life, ahead / rate) end
  if quota > 0 and used > 0 then life = math.max(life, left) end
  redis.call('SET', KEYS[1], after, 'PX', math.ceil(life * 1000) + 1000)
end
return string.format('%.0f %.0f %.17g %.17g %.0f', told, granted, ahead, blocked, used)
"""


def begun(rule: Rule) -> bytes:
    """The first argument, which is the same for every step of a rule. Numbers that go together are one argument."""
    rate, quota = rule.rate, rule.quota
    numbers = (0.0, 0) if rate is None else (rate.rate, rate.burst)
    return b"%r %d %r %d" % (*numbers, rule.block, 0 if quota is None else quota.limit)


def step(
    window: Window, wall: float, least: int, most: int, latest: int = 0, debt: Debt | None = None
) -> tuple[Argument, ...]:
    """The other arguments; see `gatewayd.core.ratelimits.advance`.

    After `latest`, in milliseconds of the store's clock, nothing happens; never if that is 0.
    """
    left = window.ends - wall + GRACE if window.number else 0.0
    wanted = b"%d %.3f %d %d %d" % (window.number, left, least, most, latest)
    return (wanted,) if debt is None else (wanted, b"%r %d %r" % debt)


class StoreClock:
    """How much a store's clock is ahead of the gateway's, as far as its answers tell.

    What it is asked for is wanted for `patience` seconds, 0 for ever. Its times are in milliseconds.
    """

    __slots__ = ("_ahead", "_patience")

    def __init__(self, patience: float) -> None:
        self._ahead: float | None = None
        self._patience = patience

    def latest(self, now: float) -> int:
        """Until when what is asked at `now` is wanted there; 0 as long as that is not known."""
        if self._ahead is None or not self._patience:
            return 0
        return int((now + self._patience) * 1000.0 + self._ahead)

    def read(self, reply: Reply, asked: float) -> Outcome:
        """What became of a step that was asked for at `asked`. Raises `Unavailable` if it came too late.

        Raises `TypeError` or `ValueError` for what is no answer of the script.
        """
        if not isinstance(reply, bytes):
            raise TypeError
        told, *rest = reply.split()
        self._ahead = int(told) - asked * 1000.0  # or a little less: the way there took its time
        if not rest:
            raise Unavailable("timeout", "it came too late, by the store's clock")
        granted, ahead, blocked, used = rest
        return Outcome(int(granted), float(ahead), float(blocked), int(used))


def make_twin(rule: Rule) -> Script:
    """The script for one rule; in Redis it is the same for all."""

    def twin(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, Change | None]:
        number, left, least, most, latest = args[1].split()
        told = ceil(now * 1000)
        if 0 < int(latest) < told:
            return b"%d" % told, None
        state, debt = NOTHING, NO_DEBT
        if value is not None:
            tat, until, seen, used = value.split()
            state = float(tat), float(until), int(seen), int(used)
        if len(args) > 2:
            ahead, spent, blocked = args[2].split()
            debt = Debt(float(ahead), int(spent), float(blocked))
        outcome, after = advance(rule, state, now, int(number), int(least), int(most), debt)
        reply = b"%d %d %.17g %.17g %d" % (told, *outcome)
        if not (outcome.granted or outcome.blocked or debt.ahead or debt.spent):
            return reply, None
        rate, quota = rule.rate, rule.quota
        life = outcome.blocked
        if rate is not None:
            life = max(life, outcome.ahead * rate.interval)
        if quota is not None and outcome.used:
            life = max(life, float(left))
        return reply, (b"%.17g %.17g %d %d" % after, life + 1.0)

    return Script("limit", _LUA, twin)
