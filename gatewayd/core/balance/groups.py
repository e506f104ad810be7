"""Which of a service's targets may be picked: those of the first priority group that is well enough.

To be asked again whenever a target comes, goes, or changes its standing; not for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic

from gatewayd.core.balance.candidate import C


class Standing(Enum):
    """How a target stands."""

    USABLE = "usable"  # healthy, or nothing else is known
    UNHEALTHY = "unhealthy"  # its health checks fail
    EJECTED = "ejected"  # requests failed there of late
    DRAINING = "draining"  # it is on its way out, and gets nothing new


@dataclass(frozen=True, slots=True)
class Group(Generic[C]):
    """Targets to pick from, all of one `priority`.

    In a `panic` none of the service's targets is usable, and these are not either. They may be tried all the same:
    health checks err, and where nothing works, asking costs little.
    """

    candidates: tuple[C, ...]
    priority: int
    panic: bool


def candidates(targets: Sequence[C], standing: Callable[[C], Standing], failover_below: float = 0.0) -> Group[C] | None:
    """The group to pick from; None if there is no target, or none but draining ones.

    It is the one of the lowest priority number that has usable targets, `failover_below` (0.0 to 1.0) of its targets
    at least. If no group has that many, it is the one where the greatest share is usable, the first of several; if no
    target is usable anywhere, all of the first group, in panic. Draining targets count nowhere.
    """
    staying: dict[int, list[C]] = {}
    usable: dict[int, list[C]] = {}
    for target in targets:
        stands = standing(target)
        if stands is not Standing.DRAINING:
            staying.setdefault(target.priority, []).append(target)
        if stands is Standing.USABLE:
            usable.setdefault(target.priority, []).append(target)
    if not staying:
        return None
    if not usable:
        first = min(staying)
        return Group(tuple(staying[first]), first, panic=True)
    shares = {priority: len(usable[priority]) / len(staying[priority]) for priority in sorted(usable)}
    enough = (priority for priority, share in shares.items() if share >= failover_below)
    chosen = next(enough, None)
    if chosen is None:
        chosen = max(shares, key=shares.__getitem__)
    return Group(tuple(usable[chosen]), chosen, panic=False)
