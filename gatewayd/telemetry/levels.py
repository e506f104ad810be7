"""From which level up events are written: one for all, others for namespaces, changeable at any time."""

from __future__ import annotations

from collections.abc import Mapping

from gatewayd.log.event import LEVELS, Level

RANKS: dict[str, int] = {level: rank for rank, level in enumerate(LEVELS)}


class Levels:
    """`level` is for all namespaces but those in `own` and what is below them: `gatewayd.stores` has `...redis` too."""

    __slots__ = ("_floors", "level", "own")

    def __init__(self, level: Level = "info", own: Mapping[str, Level] | None = None) -> None:
        self.level = level
        self.own = dict(own or {})
        self._floors: dict[str, int] = {}

    def set(self, level: Level, namespace: str = "") -> None:
        """Write from `level` up what is told in `namespace`, or everywhere that has no level of its own."""
        if namespace:
            self.own[namespace] = level
        else:
            self.level = level
        self._floors.clear()

    def takes(self, namespace: str, level: str) -> bool:
        """Whether an event is to be written."""
        floor = self._floors.get(namespace)
        if floor is None:
            if len(self._floors) > 1024:  # namespaces are modules, but nothing keeps a library from making them up
                self._floors.clear()
            floor = self._floors[namespace] = RANKS[self._of(namespace)]
        return RANKS.get(level, RANKS["info"]) >= floor

    @property
    def lowest(self) -> Level:
        """The lowest level that is written anywhere."""
        return min([self.level, *self.own.values()], key=RANKS.__getitem__)

    def _of(self, namespace: str) -> Level:
        """The level of a namespace: its own, or that of the nearest one above it."""
        while namespace:
            if namespace in self.own:
                return self.own[namespace]
            namespace = namespace.rpartition(".")[0]
        return self.level
