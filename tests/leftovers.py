"""What is alive on the reactor of the test run, so that a test can be told what it left there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pytest_twisted
from twisted.internet.task import deferLater

_PATIENCE = 200  # looks at the reactor, 5 ms apart, until what is closing has closed


def _sockets() -> dict[str, str]:
    """Every socket this process has open: its kernel name, and the descriptor it has."""
    found = {}
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            name = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:  # the one that listed the directory
            continue
        if name.startswith("socket:"):
            found[name] = f"fd {descriptor}"
    return found


@dataclass(frozen=True)
class Leftovers:
    """Delayed calls, selectables and sockets at one moment, by identity."""

    calls: dict[int, Any]
    selectables: dict[int, Any]
    sockets: dict[str, str]

    @classmethod
    def now(cls) -> Leftovers:
        """What is alive at this moment."""
        from twisted.internet import reactor

        selectables = [*reactor.getReaders(), *reactor.getWriters()]
        return cls(
            {id(call): call for call in reactor.getDelayedCalls()},
            {id(selectable): selectable for selectable in selectables},
            _sockets(),
        )

    def _missing_from(self, later: Leftovers) -> list[str]:
        """What `later` has and this has not, each as one line."""
        return [
            *(f"delayed call {call}" for key, call in later.calls.items() if key not in self.calls),
            *(f"selectable {thing!r}" for key, thing in later.selectables.items() if key not in self.selectables),
            *(f"{name} ({fd})" for name, fd in later.sockets.items() if name not in self.sockets),
        ]

    def left_since(self, patience: int = _PATIENCE) -> list[str]:
        """What is alive now and was not then, after the reactor had time to finish closing things."""
        from twisted.internet import reactor

        found = self._missing_from(self.now())
        for _ in range(patience):
            if not found:
                break
            pytest_twisted.blockon(deferLater(reactor, 0.005))
            found = self._missing_from(self.now())
        return found
