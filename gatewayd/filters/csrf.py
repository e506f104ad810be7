"""Requests that a page of another site made a browser send, with the cookie that says who is calling."""

from __future__ import annotations

from gatewayd.core.cors import origin_of
from gatewayd.core.csrf import SameOrigin
from gatewayd.core.messages import Role
from gatewayd.core.reasons import CROSS_SITE, Refused
from gatewayd.filters.asking import Asking, Events
from gatewayd.log import audit

_OPENING = b"CONNECT"  # what an upgrade is in HTTP/2 (RFC 8441): not a safe method


class Csrf:
    """Lets requests pass whose credential is no cookie, and those that come from where `origins` says."""

    __slots__ = ("_events", "_origins")

    def __init__(self, origins: SameOrigin, events: Events) -> None:
        self._origins = origins
        self._events = events

    def __call__(self, exchange: Asking) -> None:
        """Raises `Refused`."""
        if not exchange.by_cookie:
            return
        head = exchange.head
        assert head is not None
        said: dict[bytes, bytes] = {}
        for field in head.section.special:
            if field.role is Role.NOTED:
                before = said.get(field.name)
                said[field.name] = field.value if before is None else before + b", " + field.value
        # A page of any site may open a WebSocket, with cookies, by what looks like a harmless GET (RFC 6455 10.2).
        method = head.method if head.section.upgrade is None else _OPENING
        scheme = b"https" if exchange.channel.peer.secure_of(head) else b"http"
        why = self._origins.check(
            method,
            origin_of(scheme, head.authority),
            said.get(b"origin"),
            said.get(b"sec-fetch-site"),
            said.get(b"referer"),
        )
        if why is not None:
            self._events(audit.CROSS_SITE, exchange, cause=why)
            raise Refused(CROSS_SITE, f"The request {why}.")
