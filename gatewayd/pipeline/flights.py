"""Requests for the same, of which one is on its way to the service and the others wait for what it brings."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from typing import TypeAlias

from twisted.internet.interfaces import IReactorTime

from gatewayd.core.caching import Entry
from gatewayd.core.slot import Slot


class Landing(Enum):
    """What those who wait are told."""

    LOOK = "look"  # something was kept: see whether it is for you
    FOUND = "found"  # the same, and no service was asked: another gateway had it
    ALONE = "alone"  # there is nothing to be had for several: go yourself
    LEAD = "lead"  # whoever went has come back with nothing: go, for all


Landed: TypeAlias = Landing | Entry
"""What those who wait are told; an entry is the stale answer that stands in for an error."""

MOST_IN_VAIN = 4096  # of what cannot be shared is remembered so much, for each route
PATIENCE = 10.0  # seconds that anybody waits for another's request; after that they go themselves


class Flight:
    """One request on its way. Whoever leads it must `land` it or `pass_on` the lead, whatever happens."""

    __slots__ = ("_flights", "_key", "_lost", "_passing", "_waiting", "landed")

    def __init__(self, flights: Flights, key: bytes) -> None:
        self._flights = flights
        self._key = key
        self._waiting: dict[Slot[Landed], None] = {}  # in the order in which they came
        self._lost = False  # the lead, and nobody has it
        self._passing = False
        self.landed = False

    async def wait(self, clock: IReactorTime) -> Landed:
        """Wait for it; who gets `Landing.LEAD` leads it from now on."""
        slot: Slot[Landed] = Slot()
        self._waiting[slot] = None
        timer = clock.callLater(PATIENCE, slot.resolve, Landing.ALONE)
        try:
            return await slot
        finally:
            # Whoever is not there any more is handed nothing: a lead would be lost with them.
            self._waiting.pop(slot, None)
            if timer.active():
                timer.cancel()

    def land(self, what: Landed) -> None:
        """Tell everybody who waits; who asks from now on waits for somebody else."""
        if self.landed:
            return
        self.landed = True
        self._flights.over(self._key)
        waiting, self._waiting = self._waiting, {}
        for slot in waiting:
            slot.resolve(what)

    def pass_on(self) -> None:
        """Nothing came of it: whoever waits for longest is next to go.

        Where that one comes to nothing at once it says so before we are back: then it is the turn of the next from
        here, and not from within, for there may be more of them than Python lets calls be nested.
        """
        self._lost = not self.landed
        if self._passing:
            return
        self._passing = True
        while self._lost and not self.landed:
            self._lost = False
            first = next(iter(self._waiting), None)
            if first is None:
                self.landed = True
                self._flights.over(self._key)
            else:
                del self._waiting[first]
                first.resolve(Landing.LEAD)
        self._passing = False


class Flights:
    """The requests that are on their way, by what they are for.

    Where the last answer was nothing to be shared nobody waits for the next one: it would be in vain every time.
    """

    __slots__ = ("_by_key", "_in_vain")

    def __init__(self) -> None:
        self._by_key: dict[bytes, Flight] = {}
        self._in_vain: OrderedDict[bytes, None] = OrderedDict()  # those learned longest ago first

    def __len__(self) -> int:
        """How many there are."""
        return len(self._by_key)

    def get(self, key: bytes) -> Flight | None:
        """The one for `key`, if it is on its way."""
        return self._by_key.get(key)

    def begin(self, key: bytes) -> Flight:
        """The one for `key`, where there is none: to be led by the caller."""
        flight = self._by_key[key] = Flight(self, key)
        return flight

    def in_vain(self, key: bytes) -> bool:
        """Whether to wait for an answer is likely to be in vain."""
        return key in self._in_vain

    def learn(self, key: bytes, *, shared: bool) -> None:
        """An answer for `key` has come, which is `shared` or was for one client only."""
        if shared:
            self._in_vain.pop(key, None)
            return
        self._in_vain[key] = None
        if len(self._in_vain) > MOST_IN_VAIN:
            self._in_vain.popitem(last=False)

    def over(self, key: bytes) -> None:
        """The one for `key` is over."""
        del self._by_key[key]
