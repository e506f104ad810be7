"""Whether a caller may do what it asks for."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from gatewayd.core.permissions import Requirement
from gatewayd.core.reasons import FORBIDDEN, Refused
from gatewayd.core.tokens.bearer import challenge
from gatewayd.filters.asking import Asking, Events
from gatewayd.log import audit


class Policy(Protocol):
    """A rule that somebody wrote in Python."""

    def __call__(self, exchange: Asking) -> Awaitable[None] | None:
        """Let the request pass, or raise `Refused`."""


class Authorize:
    """Lets callers pass that meet `requirement`."""

    __slots__ = ("_events", "_realm", "_requirement")

    def __init__(self, requirement: Requirement, realm: str, events: Events) -> None:
        self._requirement = requirement
        self._realm = realm
        self._events = events

    def __call__(self, exchange: Asking) -> None:
        """Raises `Refused`."""
        caller = exchange.caller
        assert caller is not None  # a route that requires something has no anonymous callers
        why = self._requirement.check(caller.identity)
        if why is not None:
            identity = caller.identity
            self._events(audit.NOT_PERMITTED, exchange, tenant=identity.tenant, user=identity.subject, cause=why)
            detail = f"The caller {why}."
            raise Refused(FORBIDDEN, detail, challenge("Bearer", self._realm, "insufficient_scope"))
