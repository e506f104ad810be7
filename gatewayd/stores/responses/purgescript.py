"""The list of purges that gateways share: what is new in it is told, and what is given is put into it, in one step.

The list is an ordered set of the words of `core.caching.purges`, by numbers that grow: the microseconds of the store's
clock, or one more than the last number if that is higher. What is purged again gets a new number in place of the old
one. The lowest number is that of a marker, a word that begins with "!" and is made up when the list begins: below its
number nothing is known any more. The oldest go, and the marker moves up, where there are too many, or where everything
that they were about has ended.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gatewayd.core.caching.purges import EVERYTHING, is_purge
from gatewayd.stores.interface import Argument, Change, Reply, Script

MARKER = b"!"
_AT_ONCE = 1000  # of the oldest go with one call
_LIFE = 30 * 86400  # seconds that a list stays that nobody looks at

_LUA = """
local key = KEYS[1]
local since, page, keep, most = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(number) return string.format('%.0f', number) end
local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
if not first[1] then
  first = {ARGV[2], text(now)}
  redis.call('ZADD', key, first[2], first[1])
end
if redis.call('TTL', key) < LIFE / 2 then redis.call('EXPIRE', key, LIFE) end
local last = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2]
local news = redis.call('ZRANGEBYSCORE', key, '(' .. since, '+inf', 'WITHSCORES', 'LIMIT', 0, page)
local own = math.max(now, tonumber(last) + 1)
for i = 6, #ARGV do redis.call('ZADD', key, text(own + i - 6), ARGV[i]) end
if #ARGV > 5 then
  local old = redis.call('ZCOUNT', key, '(' .. first[2], text(now - keep))
  local over = redis.call('ZCARD', key) - 1 - most
  local gone = math.min(math.max(old, over), AT_ONCE)
  if gone > 0 then
    local floor = redis.call('ZRANGE', key, gone, gone, 'WITHSCORES')[2]
    redis.call('ZREMRANGEBYRANK', key, 1, gone)
    redis.call('ZADD', key, floor, first[1])
  end
end
return {first[1], first[2], last, text(own), news}
""".replace("LIFE", str(_LIFE)).replace("AT_ONCE", str(_AT_ONCE))


def _twin(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, Change | None]:
    """The same in this process, with the list as JSON: for few purges."""
    since, made, (page, keep, most) = int(args[0]), args[1], map(int, args[2:5])
    micro = max(1, int(now * 1e6))
    listed = {bytes.fromhex(word): number for word, number in json.loads(value)} if value else {made: micro}
    ranked = sorted(listed, key=lambda word: listed[word])
    marker, last = ranked[0], listed[ranked[-1]]
    floor = listed[marker]
    news: list[Reply] = []
    for word in [word for word in ranked if listed[word] > since][:page]:
        news += word, b"%d" % listed[word]
    own = max(micro, last + 1)
    for number, word in enumerate(args[5:], own):
        listed[word] = number
    if args[5:]:
        ranked = sorted(listed, key=lambda word: listed[word])
        old = sum(floor < number <= micro - keep for number in listed.values())
        gone = min(max(old, len(listed) - 1 - most), _AT_ONCE)
        if gone > 0:
            listed[marker] = listed[ranked[gone]]
            for word in ranked[1 : gone + 1]:
                del listed[word]
    after = json.dumps([(word.hex(), number) for word, number in listed.items()]).encode()
    return [marker, b"%d" % floor, b"%d" % last, b"%d" % own, news], (after, float(_LIFE))


SCRIPT = Script("purges", _LUA, _twin)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the list says: its `marker`, and the `floor` up to which nothing is known; the `last` number that it had.

    `own` is the number that the first of the given words got, the others those that follow. `news` are words after the
    number that was asked for, with theirs, without the marker; `whole` says that there are no more.
    """

    marker: bytes
    floor: int
    last: int
    own: int
    news: tuple[tuple[bytes, int], ...]
    whole: bool


def arguments(since: int, made: bytes, page: int, keep: float, most: int, words: Sequence[bytes]) -> list[Argument]:
    """What the script is given.

    Up to `page` words after the number `since` are asked for, and `words` are to be put in. `made` is the marker of a
    list that begins now. Words older than `keep` seconds, or more than `most`, are to go.
    """
    return [since, made, page, int(keep * 1e6), most, *words]


def heard(reply: Any, page: int) -> Heard:
    """What a reply says; `page` as it was asked for. Raises `ValueError` for what is no reply of the script.

    A word that this gateway does not know comes from one that knows more, and may be about anything.
    """
    try:
        marker, floor, last, own, listed = reply
        pairs = list(zip(listed[::2], listed[1::2], strict=True))
        news = [(word, int(float(number))) for word, number in pairs if word != marker]
        known = tuple([(word if is_purge(word) else EVERYTHING, number) for word, number in news])
        if marker[:1] != MARKER:
            raise ValueError("it has no marker")
        return Heard(marker, int(float(floor)), int(float(last)), int(float(own)), known, len(pairs) < page)
    except (TypeError, OverflowError) as error:
        raise ValueError("it is none") from error
