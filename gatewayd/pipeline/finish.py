"""What a route says to browsers in every answer, whoever made it (CORS, security headers)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.cors import PREFLIGHT_VARY, WRITTEN, Cors, vary_line
from gatewayd.core.messages import HeaderSection, Role
from gatewayd.core.securityheaders import SecurityHeaders

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange

_CORS_NAMES = frozenset(WRITTEN)
_NOTHING: frozenset[bytes] = frozenset()

NOTED_IN_ANSWERS = _CORS_NAMES | {b"vary"}  # and the names of the security headers


class Finish:
    """The last lines of an answer. `cors` and `security` are what the route's browsers are told; None for nothing.

    `hidden` are names of noted fields that clients are not sent. What hides fields and does nothing else is `silent`.
    """

    __slots__ = ("_hidden", "_security", "cors", "silent")

    def __init__(
        self, security: SecurityHeaders | None, cors: Cors | None, hidden: frozenset[bytes] = _NOTHING
    ) -> None:
        self._security = security
        self._hidden = hidden
        self.cors = cors
        self.silent = security is None and cors is None

    def of_answer(self, exchange: Exchange, section: HeaderSection) -> tuple[bytes, frozenset[bytes]]:
        """The lines to add to a service's answer, and the names to take out of it.

        What the service says about security stands; what it says about other origins does not.
        """
        noted = [field for field in section.special if field.role is Role.NOTED]
        lines, gone = b"", _NOTHING
        if self._security is not None:
            present = {field.name for field in noted} if noted else ()
            lines = self._security.lines(_by_tls(exchange), present)
        if self.cors is not None:
            varied = [field.value for field in noted if field.name == b"vary"]
            lines += self._cors_lines(exchange, self.cors, varied)
            if noted:
                gone = _CORS_NAMES.intersection([field.name for field in noted])
        if noted and self._hidden:
            gone |= self._hidden.intersection([field.name for field in noted])
        return lines, gone

    def of_reply(self, exchange: Exchange) -> bytes:
        """The lines to add to an answer of the gateway's own."""
        lines = b"" if self._security is None else self._security.lines(_by_tls(exchange))
        if self.cors is not None:
            lines += self._cors_lines(exchange, self.cors, [])
        return lines

    def preflight(self, exchange: Exchange, origin: bytes, method: bytes, headers: bytes | None) -> bytes:
        """The lines of the answer to a preflight; without those of CORS where what it asks for is refused."""
        assert self.cors is not None
        lines = b"" if self._security is None else self._security.lines(_by_tls(exchange))
        return lines + (self.cors.preflight(origin, method, headers) or b"") + b"Vary: %b\r\n" % PREFLIGHT_VARY

    def _cors_lines(self, exchange: Exchange, cors: Cors, varied: list[bytes]) -> bytes:
        """What the origin of a request is told, if it has one and is allowed."""
        lines = vary_line(varied) if cors.varies else b""
        assert exchange.head is not None
        origin = noted_value(exchange.head.section, b"origin")
        return lines if origin is None else lines + (cors.judge(origin) or b"")


def _by_tls(exchange: Exchange) -> bool:
    """Whether the client is reached by TLS, all the way as far as a believed proxy says so."""
    assert exchange.head is not None
    return exchange.channel.peer.secure_of(exchange.head)


def noted_value(section: HeaderSection, name: bytes) -> bytes | None:
    """The value of a noted field, several of them joined by commas; None if there is none."""
    found = [field.value for field in section.special if field.role is Role.NOTED and field.name == name]
    return b", ".join(found) if found else None
