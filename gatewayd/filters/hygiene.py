"""Header fields that clients have no business to send: counted, and told of where they claim an identity.

They are out of the request by then: `gatewayd.http.fieldtable` forwards none of them.
"""

from __future__ import annotations

from collections.abc import Callable

from gatewayd.core.guarded import GuardedNames
from gatewayd.core.messages import Role
from gatewayd.filters.asking import Asking, Events, Violation
from gatewayd.log import audit


class Hygiene:
    """Looks at requests whose header section is suspect. `removed` counts a name as the configuration has it."""

    __slots__ = ("_events", "_guarded", "_removed", "_violation")

    def __init__(
        self, guarded: GuardedNames, removed: Callable[[str], None], violation: Violation, events: Events
    ) -> None:
        self._guarded = guarded
        self._removed = removed
        self._violation = violation
        self._events = events

    def __call__(self, exchange: Asking) -> None:
        """Count what was taken out. A believed proxy's forwarding fields are none of that."""
        assert exchange.head is not None
        trusted = exchange.channel.peer.trusted
        forged: list[str] = []
        removed: list[str] = []
        for field in exchange.head.section.special:
            if field.role is not Role.GUARDED and (trusted or field.role is not Role.FORWARDING):
                continue
            label = self._guarded.match(field.name)
            if label is not None:
                self._removed(label)
                if self._guarded.forges(label):
                    forged.append(label)
                elif field.role is Role.GUARDED:  # proxies add forwarding fields, and mean no harm
                    removed.append(label)
        if forged:
            self._violation("header_manipulation")
            self._events(audit.HEADERS_FORGED, exchange, headers=", ".join(sorted(set(forged))))
        if removed:
            self._events(audit.HEADERS_REMOVED, exchange, headers=", ".join(sorted(set(removed))))

    def trailer(self, name: bytes) -> str | None:
        """What a trailer field is guarded as, if it is; it is left out then, and counted."""
        label = self._guarded.match(name)
        if label is not None:
            self._removed(label)
        return label
