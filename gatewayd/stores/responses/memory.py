"""Answers kept in memory: those that were asked for twice stay longer than those that were not (a segmented LRU).

What is new is on trial, and the first to go. What is asked for while it is on trial becomes proven; when there is too
much of that, the least recently used of it is on trial again. So a client that asks for everything once pushes out
nothing that others ask for again and again.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gatewayd.core.caching import Entry, Key
from gatewayd.core.caching.purges import EVERYTHING
from gatewayd.stores.responses.bans import Bans

MOST_VARIANTS = 32  # entries under one key: who can choose what an answer varies by could have thousands
_PROVEN_SHARE = 0.8
_BEAT = 0.1  # seconds between looks at some of the keys
_AT_ONCE = 300  # keys: a millisecond at the most
_PER_PUT = 2  # keys looked at for each new one, so that there are never many more to look at than there are
ROUND = 30.0  # seconds from one look at everything to the next: purges are remembered for that long and longer


class Slot:
    """The entries of one key, the newest first. `mark` is the last purge that they survived."""

    __slots__ = ("entries", "key", "mark", "size")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.entries: tuple[Entry, ...] = ()
        self.mark = 0
        self.size = 0


class MemoryResponses:
    """Keeps answers of up to `most_bytes` together: none takes more than an eighth of that, no key more than a quarter.

    From `start` to `stop`, what cannot be used any more makes room within minutes. `evicted` counts keys that made room
    before that. `wall` is the time in seconds since 1970.
    """

    __slots__ = (
        "_bans",
        "_beat",
        "_clock",
        "_left",
        "_most",
        "_most_proven",
        "_most_slot",
        "_next_round",
        "_proven",
        "_proven_size",
        "_ring",
        "_round_mark",
        "_trial",
        "_wall",
        "evicted",
        "largest",
        "size",
    )

    def __init__(self, clock: IReactorTime, wall: Callable[[], float], most_bytes: int = 256 << 20) -> None:
        self._clock = clock
        self._wall = wall
        self._beat: IDelayedCall | None = None
        self._trial: OrderedDict[bytes, Slot] = OrderedDict()
        self._proven: OrderedDict[bytes, Slot] = OrderedDict()
        self._proven_size = 0
        self._most = most_bytes
        self._most_proven = int(most_bytes * _PROVEN_SHARE)
        self._most_slot = most_bytes // 4
        self._bans = Bans()
        # Every key in the order in which they are looked at, those that are gone included until then. One of the
        # dictionaries cannot be gone through bit by bit, and takes too long to be gone through at once.
        self._ring: deque[Slot] = deque()
        self._left = 0  # to be looked at in this round
        self._round_mark = 0
        self._next_round = 0.0
        self.largest = most_bytes // 8
        self.size = 0
        self.evicted = 0

    def __len__(self) -> int:
        """The keys in it."""
        return len(self._trial) + len(self._proven)

    def __repr__(self) -> str:
        return f"<MemoryResponses: {len(self)} keys, {self.size >> 10} KiB>"

    # What is kept.

    def get(self, key: Key) -> tuple[Entry, ...]:
        """The entries of a key, the newest first; none is a miss."""
        return self.find(key.text)

    def find(self, text: bytes) -> tuple[Entry, ...]:
        """The entries of the key with this text."""
        slot = self._proven.get(text)
        if slot is not None:
            self._proven.move_to_end(text)
        else:
            slot = self._trial.get(text)
            if slot is None:
                return ()
            self._prove(text, slot)
        if slot.mark != self._bans.last:
            self._judge(slot)
        return slot.entries

    def mark(self) -> int:
        """What `put` wants to know: to be noted before an answer is asked for."""
        return self._bans.last

    def put(self, key: Key, entry: Entry, mark: int, instead: Entry | None = None) -> bool:
        """Keep a complete entry; whether it is kept.

        It takes the place of the one for the same requests, and of `instead`. One that was purged since `mark`, while
        it was on its way, is not kept: it may be what the purge was about.
        """
        if entry.size > self.largest or self._bans.forget(key.url, entry.tags, mark):
            return False
        slot = self._proven.get(key.text) or self._trial.get(key.text)
        if slot is not None and slot.mark != self._bans.last:
            self._judge(slot)
        if slot is None or not slot.entries:  # and so it is gone
            slot = self._trial[key.text] = Slot(key)
            slot.mark = self._bans.last
            self._look(_PER_PUT, None)
            self._ring.append(slot)
        selected = entry.names, entry.values
        entries, size = [entry], entry.size
        for one in slot.entries:
            if one is not instead and (one.names, one.values) != selected:
                size += one.size
                if len(entries) == MOST_VARIANTS or size > self._most_slot:
                    break
                entries.append(one)
        self._set(slot, tuple(entries))
        self._demote()
        self._make_room()
        return True

    def drop(self, key: Key, entry: Entry) -> None:
        """Forget one entry, if it is still there."""
        slot = self._proven.get(key.text) or self._trial.get(key.text)
        if slot is not None and entry in slot.entries:
            self._set(slot, tuple([one for one in slot.entries if one is not entry]))

    # What is to be forgotten.

    def purge(self, word: bytes) -> None:
        """Forget what a word of `core.caching.purges` is about, whoever it is kept for."""
        self._bans.add(word)

    def clear(self) -> None:
        """Forget everything, what is on its way included."""
        self._bans.add(EVERYTHING)
        self._trial.clear()
        self._proven.clear()
        self._ring.clear()
        self._left = self._proven_size = self.size = 0

    # Making room.

    def start(self) -> None:
        """Begin to sweep."""
        self._beat = self._clock.callLater(_BEAT, self._sweep)

    def stop(self) -> None:
        """Sweep no more."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def _sweep(self) -> None:
        self._beat = self._clock.callLater(_BEAT, self._sweep)
        self.sweep(self._wall())

    def sweep(self, now: float) -> None:
        """Look at the next few hundred keys: forget what was purged, or is of no use at `now`."""
        self._look(min(_AT_ONCE, self._left), now)
        if not self._left and (seconds := self._clock.seconds()) >= self._next_round:
            self._bans.retire(self._round_mark)
            self._round_mark = self._bans.last
            self._left = len(self._ring)
            self._next_round = seconds + ROUND

    def _look(self, count: int, now: float | None) -> None:
        """Look at the next `count` keys; without `now`, not at whether they are of use."""
        ring = self._ring
        for _ in range(min(count, len(ring))):
            slot = ring.popleft()
            if self._left:
                self._left -= 1
            if slot.mark != self._bans.last:
                self._judge(slot)
            if now is not None and any(entry.ends() <= now for entry in slot.entries):
                self._set(slot, tuple([entry for entry in slot.entries if entry.ends() > now]))
            if slot.entries:
                ring.append(slot)

    def _judge(self, slot: Slot) -> None:
        """Forget those of a slot's entries that were purged."""
        bans, url, mark = self._bans, slot.key.url, slot.mark
        left = tuple([entry for entry in slot.entries if not bans.forget(url, entry.tags, mark)])
        slot.mark = bans.last
        if len(left) != len(slot.entries):
            self._set(slot, left)

    def _set(self, slot: Slot, entries: tuple[Entry, ...]) -> None:
        """Give a slot other entries; without any it goes."""
        text = slot.key.text
        size = sum([entry.size for entry in entries]) + 2 * len(text) if entries else 0
        change = size - slot.size
        self.size += change
        if text in self._proven:
            self._proven_size += change
            if not entries:
                del self._proven[text]
        elif not entries:
            del self._trial[text]
        slot.entries = entries
        slot.size = size

    def _prove(self, text: bytes, slot: Slot) -> None:
        """What was on trial is proven."""
        del self._trial[text]
        self._proven[text] = slot
        self._proven_size += slot.size
        self._demote()

    def _demote(self) -> None:
        """Put on trial again what was asked for longest ago, where too much is proven."""
        while self._proven_size > self._most_proven:
            again, oldest = self._proven.popitem(last=False)
            self._proven_size -= oldest.size
            self._trial[again] = oldest

    def _make_room(self) -> None:
        """Let go what was on trial for longest: there is something as long as there is too much, for proven is less."""
        while self.size > self._most:
            _, slot = self._trial.popitem(last=False)
            self.size -= slot.size
            slot.entries = ()
            self.evicted += 1
