"""Who occurs most often, in bounded memory: the space-saving sketch.

Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams (ICDT 2005).
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace


class SpaceSaving:
    """Counts the most frequent of any number of names with `most` counters.

    A name without a counter takes over the lowest one and its count, which is then what the name may be overcounted by.
    So a count is never too low, and too high by at most its error; and of N occurrences, every name with more than
    N / `most` has a counter.
    """

    __slots__ = ("_counts", "_errors", "_lowest", "_most")

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError("a sketch needs a counter")
        self._most = most
        self._counts: dict[str, int] = {}
        self._errors: dict[str, int] = {}
        # Every name, by a count that it had at some time: counts only grow, so the lowest is soon found. Names that
        # were taken stay until they are the lowest.
        self._lowest: list[tuple[int, str]] = []

    def __len__(self) -> int:
        """The names that have a counter."""
        return len(self._counts)

    def add(self, name: str, times: int) -> None:
        """`name` occurred so many times (at least once) more."""
        counts = self._counts
        if name in counts:
            counts[name] += times
            return
        if len(counts) < self._most:
            counts[name], self._errors[name] = times, 0
            heappush(self._lowest, (times, name))
            return
        self._settle()
        low, loser = self._lowest[0]
        del counts[loser], self._errors[loser]
        counts[name], self._errors[name] = low + times, low
        heapreplace(self._lowest, (low + times, name))

    def certain(self) -> list[tuple[int, str]]:
        """How often each name with a counter occurred at least, the most frequent first."""
        return sorted(((count - self._errors[name], name) for name, count in self._counts.items()), reverse=True)

    def take(self, name: str) -> None:
        """Forget a name that has a counter."""
        del self._counts[name], self._errors[name]

    def halve(self) -> None:
        """Have what was count for half of what is to come."""
        self._counts = {name: count // 2 for name, count in self._counts.items()}
        self._errors = {name: error // 2 for name, error in self._errors.items()}
        self._lowest = [(count, name) for name, count in self._counts.items()]
        heapify(self._lowest)

    def _settle(self) -> None:
        """Bring the lowest count to the top of the heap."""
        lowest, counts = self._lowest, self._counts
        while (now := counts.get(lowest[0][1])) != lowest[0][0]:
            if now is None:
                heappop(lowest)
            else:
                heapreplace(lowest, (now, lowest[0][1]))
