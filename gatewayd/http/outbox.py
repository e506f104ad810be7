"""Writes of one turn of the loop, sent together at its end.

A turn handles some sixty events under load. Sending each answer as it is made would alternate between our code and the
kernel's, each time waking the receiver anew; sending them one after the other keeps both in the processor's caches and
finds the receivers awake. That, and one system call for a head, its body and its end, saves a third of the CPU of a
request (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gatewayd.log import Log, events


class Sender(Protocol):
    """Has something to send."""

    def flush(self) -> None:
        """Send it."""


class Outbox:
    """Calls `flush` of whoever asked for it, once, at the end of the turn; `call_soon` is the loop's."""

    __slots__ = ("_call_soon", "_senders")

    _log = Log(__name__)

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._call_soon = call_soon
        self._senders: list[Sender] = []

    def add(self, sender: Sender) -> None:
        """Have `sender` flushed at the end of this turn."""
        senders = self._senders
        if not senders:
            self._call_soon(self._flush)
        senders.append(sender)

    def _flush(self) -> None:
        senders, self._senders = self._senders, []
        for sender in senders:
            try:
                sender.flush()
            except Exception:  # others wait behind it
                self._log.failure(events.WRITE_FAILED)
