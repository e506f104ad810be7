"""Probes of a breaker whose requests have bodies: no client may keep their places for as long as it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.breaker import Permit
from gatewayd.core.outcomes import Outcome

if TYPE_CHECKING:
    from gatewayd.http.inbound import InboundBody
    from gatewayd.pipeline.application import Application

LONGEST = 10.0  # seconds a client has to send all of a request that is a probe


class Probation:
    """Gives back the place of the probe `permit`, if the `body` of its request has not all come in time.

    The request itself goes on; what becomes of it is not told to the breaker any more. Whoever made this ends it, once
    the request is over.
    """

    __slots__ = ("_body", "_call", "_now", "_permit")

    def __init__(self, permit: Permit, body: InboundBody, application: Application) -> None:
        self._permit = permit
        self._body = body
        self._now = application.now
        self._call = application.clock.callLater(LONGEST, self._give_back)

    def _give_back(self) -> None:
        """The time is over; a service that has the whole request is given its own time to answer."""
        if not self._body.complete and not self._permit.reported:
            self._permit.report(Outcome.ABANDONED, self._now())

    def end(self) -> None:
        """Nothing is to be given back any more."""
        if self._call.active():
            self._call.cancel()
