"""In which order targets take turns, so that each has its share at any time and not only in the end."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from math import gcd

# Turns until the order repeats. Where weights call for more, the shares of the lightest are rounded up to 1 in 4096.
# Working out that many takes some milliseconds, at each change of the targets.
LONGEST = 4096


def turns(weights: Sequence[int]) -> tuple[int, ...]:
    """The indices of `weights` (1 or more each), every one as often as its weight says.

    After any number of turns, nobody is a whole turn ahead of or behind its share (Tijdeman, "The chairman assignment
    problem", 1980): of somebody with the share s, turn k is taken from floor(k/s) on and before ceil((k+1)/s), and who
    has to hurry most is first. That this always works out is in Baruah et al., "Proportionate progress", 1996. Counting
    up weights turn by turn, as nginx does, takes time in proportion to the number of targets for each turn.
    """
    reduced = _reduced(weights)
    total = sum(reduced)
    if total == len(reduced):
        return tuple(range(total))
    releases: list[list[tuple[int, int]]] = [[] for _ in range(total + 1)]  # at each turn: who may take its next, which
    releases[0] = [(index, 0) for index in range(len(reduced))]
    waiting: list[tuple[int, int, int]] = []  # latest turn, whose, which of its turns
    order = []
    for turn in range(total):
        for index, nth in releases[turn]:
            heappush(waiting, (-(-(nth + 1) * total // reduced[index]), index, nth))
        _, index, nth = heappop(waiting)
        order.append(index)
        releases[max(turn + 1, (nth + 1) * total // reduced[index])].append((index, nth + 1))
    return tuple(order)


def _reduced(weights: Sequence[int]) -> list[int]:
    """Smaller numbers in the same proportion, or nearly so where there are none whose sum is short enough."""
    divisor = gcd(*weights)
    total = sum(weights)
    if total <= LONGEST * divisor:
        return [weight // divisor for weight in weights]
    rounded = [max(1, weight * LONGEST // total) for weight in weights]
    divisor = gcd(*rounded)
    return [weight // divisor for weight in rounded]
