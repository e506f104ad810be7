"""Client connections that come through a load balancer which says by a PROXY header whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gatewayd.core.proxyprotocol import BadProxyHeader, ProxyHeader
from gatewayd.http.channel import ServerChannel

if TYPE_CHECKING:
    from gatewayd.http.listener import Listener

Version = Literal["v1", "v2", "any"]
_FIRST: dict[Version, bytes] = {"v1": b"P", "v2": b"\r", "any": b"P\r"}  # the bytes that headers begin with


def may_begin(version: Version, data: bytes) -> bool:
    """Whether a header of this version can begin as `data` does."""
    return data[:1] in _FIRST[version]


class ProxiedChannel(ServerChannel):
    """A `ServerChannel` whose connection begins with a PROXY header; one that does not is cut off unanswered."""

    __slots__ = ("_begun", "_preface", "_version")

    def __init__(self, listener: Listener, version: Version) -> None:
        super().__init__(listener)
        self._version = version
        self._begun = False
        self._preface: ProxyHeader | None = ProxyHeader()

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the header, or behind it."""
        preface = self._preface
        if preface is None:
            super().dataReceived(data)
            return
        if self._closing:
            return
        if not self._begun:
            self._begun = True
            if not may_begin(self._version, data):
                self._refuse()
                return
        try:
            done = preface.feed(data)
        except BadProxyHeader:
            self._refuse()
            return
        if done is None:
            return
        self._preface = None
        if done.source is not None and not self.listener.introduce(self, done.source, done.destination):
            self.listener.reject(self)
        elif done.rest:
            super().dataReceived(done.rest)

    def _refuse(self) -> None:
        """What came is no PROXY header, or not one that is taken here."""
        self.listener.rejected("proxy_header")
        self.listener.reject(self)

    def expired(self, now: float) -> None:
        """The balancer, or its client, did not do what it had to in time."""
        if self._preface is not None and self._begun and not self._closing:
            self.listener.rejected("slow_header")
        super().expired(now)
