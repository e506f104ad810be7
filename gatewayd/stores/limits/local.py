"""What one rule has on each of its keys, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import TypeAlias

from gatewayd.core.gcra import Rate, Verdict, decide
from gatewayd.core.limitheaders import Lines
from gatewayd.core.quota import Calendar, Window
from gatewayd.core.ratelimits import NOTHING, Debt, Rule, State, advance, settle, verdict_of
from gatewayd.stores.limits.table import Room, Table

Kept: TypeAlias = float | bytes
"""The arrival time alone, or a whole state in bytes: nothing that Python's garbage collector would have to look at."""

_STATE = Struct("<ddqq")
_pack, _unpack = _STATE.pack, _STATE.unpack

NO_WINDOW = Window(0, 0.0, 0.0)


def unpacked(kept: Kept) -> State:
    """What is kept of a key, as a state."""
    if isinstance(kept, float):
        return kept, 0.0, 0, 0
    state: State = _unpack(kept)
    return state


class LocalBook:
    """Keeps `rule`. `wall_clock` is in seconds since 1970, for quotas."""

    __slots__ = ("_calendar", "_lines", "_rate", "_wall_clock", "rule", "table")

    def __init__(self, rule: Rule, room: Room, shards: int, wall_clock: Callable[[], float]) -> None:
        self.rule = rule
        self.table: Table[Kept] = Table(room, shards)
        self._rate: Rate | None = rule.rate if rule.plain else None
        self._calendar = None if rule.quota is None else Calendar(rule.quota.span)
        self._wall_clock = wall_clock
        self._lines = Lines(rule)

    def __repr__(self) -> str:
        """Which, and how full."""
        return f"<{type(self).__name__} {self.rule.id}: {self.table.count} keys>"

    def lines(self, verdict: Verdict) -> bytes:
        """See `gatewayd.filters.limits.Book`."""
        return self._lines.of(verdict, self.moment()[0])

    def moment(self) -> tuple[Window, float]:
        """The window of the quota, and the time since 1970; both without meaning where there is no quota."""
        if self._calendar is None:
            return NO_WINDOW, 0.0
        wall = self._wall_clock()
        return self._calendar.at(wall), wall

    def charge(self, key: bytes, cost: int, now: float) -> Verdict:
        """Take `cost` permits of `key` if it has them, at `now` in seconds of a clock that only moves forward."""
        table, rate = self.table, self._rate
        shard = table.shards[hash(key) & table.mask]
        kept = shard.get(key)
        after: Kept
        if rate is not None:
            # A plain rule's state is a number.
            verdict, after = decide(rate, kept or 0.0, now, cost)  # type: ignore[arg-type]
            if not verdict.allowed:
                return verdict
        else:
            window, wall = self.moment()
            state = NOTHING if kept is None else unpacked(kept)
            verdict, state = settle(self.rule, state, now, window, wall, cost)
            after = _pack(*state)
        if kept is None:
            table.put(key, after)
        else:
            shard[key] = after
        return verdict

    def refund(self, key: bytes, cost: int, now: float) -> None:
        """Give back what a request took that another limit then refused."""
        table = self.table
        kept = table.get(key)
        if kept is None:
            return
        if isinstance(kept, float):
            table.put(key, kept - cost)
        else:
            state = advance(self.rule, unpacked(kept), now, self.moment()[0].number, -cost, -cost)[1]
            table.put(key, _pack(*state))

    def look(self, key: bytes, now: float) -> Verdict | None:
        """What a request of `key` that costs nothing would be told; None if nothing is known of the key."""
        kept = self.table.get(key)
        if kept is None:
            return None
        window, wall = self.moment()
        return verdict_of(self.rule, advance(self.rule, unpacked(kept), now, window.number, 0, 0)[0], 0, window, wall)

    def hand_over(self, key: bytes, now: float) -> Debt | None:
        """What `key` has taken here that is not over yet; the book forgets it. None if it knows nothing of the key."""
        kept = self.table.pop(key)
        if kept is None:
            return None
        rate = self.rule.rate
        tat, until, number, used = unpacked(kept)
        ahead = 0.0 if rate is None else max(0.0, tat - now * rate.rate)
        return Debt(ahead, used if number == self.moment()[0].number else 0, max(0.0, until - now))

    def take_back(self, key: bytes, debt: Debt, now: float) -> None:
        """What was handed over comes to what `key` has taken here since."""
        kept = self.table.get(key)
        state = NOTHING if kept is None else unpacked(kept)
        after = advance(self.rule, state, now, self.moment()[0].number, 0, 0, debt)[1]
        self.table.put(key, after[0] if self._rate is not None else _pack(*after))

    def forget(self, key: bytes) -> bool:
        """Let `key` begin anew; False if nothing was known of it."""
        return self.table.pop(key) is not None

    def sweep(self, index: int, now: float) -> Iterator[None]:
        """Forget the keys in one shard of the table that are as if they had never asked; see `Sweep`."""
        rate = self.rule.rate
        at = 0.0 if rate is None else now * rate.rate
        if self._rate is not None:
            return self.table.sweep(index, lambda kept: kept <= at)  # type: ignore[operator]
        number = self.moment()[0].number

        def over(kept: Kept) -> bool:
            tat, until, seen, used = unpacked(kept)
            return tat <= at and until <= now and (seen != number or not used)

        return self.table.sweep(index, over)
