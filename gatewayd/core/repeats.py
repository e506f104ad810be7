"""Which of many like events are told, so that one that happens all the time does not drown the others.

Of those with one name and key the first few of an interval are told, the others counted, and the count is told when
the interval is over. Keys are made of what clients send, so that an attacker has many: beyond a number of them, all
further ones of a name count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_KEYS = 256  # of one name, in one interval
_OTHERS = object()  # the key of all that have none of their own


@dataclass(slots=True)
class Repeated:
    """What is known of the events with one name and key. `said` is what the first of them said, for the sum."""

    name: str
    until: float
    told: int = 0
    suppressed: int = 0
    said: object = None


class Repeats:
    """Lets `most` events of a name and key pass in `interval` seconds; `most` of 0 lets all of them pass."""

    __slots__ = ("_known", "_next", "interval", "most")

    def __init__(self, most: int, interval: float) -> None:
        self.most = most
        self.interval = interval
        self._known: dict[str, dict[object, Repeated]] = {}
        self._next = 0.0  # when the first interval is over, or before

    def admit(self, name: str, key: object, now: float) -> Repeated | None:
        """What is known of the likes of an event that is to be told; None for one that is not."""
        if not self.most:
            return Repeated(name, now)
        keys = self._known.setdefault(name, {})
        known = keys.get(key)
        if known is None and len(keys) >= MOST_KEYS:
            known = keys.get(key := _OTHERS)
        if known is None:
            known = keys[key] = Repeated(name, now + self.interval)
            self._next = min(self._next, known.until) if self._next > now else known.until
        if known.told >= self.most:
            known.suppressed += 1
            return None
        known.told += 1
        return known

    def over(self, now: float) -> list[Repeated]:
        """Those of which some were not told, and whose interval is over; they begin anew. Call it before `admit`."""
        if now < self._next:
            return []
        ended: list[Repeated] = []
        following = now + self.interval
        for name, keys in list(self._known.items()):
            for key, known in list(keys.items()):
                if known.until <= now:
                    del keys[key]
                    if known.suppressed:
                        ended.append(known)
                else:
                    following = min(following, known.until)
            if not keys:
                del self._known[name]
        self._next = following
        return ended

    def rest(self) -> list[Repeated]:
        """All of which some were not told, whether their interval is over or not: nothing more is to come."""
        return [known for keys in self._known.values() for known in keys.values() if known.suppressed]
