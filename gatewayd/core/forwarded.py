"""What the gateway tells a service about its client: X-Forwarded-*, Forwarded (RFC 7239) and Via (RFC 9110).

A client's own such fields are dropped, since anyone can write them. Only a peer listed in `trusted_proxies` is
believed: then its lists are kept and we are appended.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from gatewayd.core.messages import HeaderSection, RequestHead, Role

_ADDRESS = re.compile(rb"[0-9A-Fa-f.:]{2,45}")
_NAME = re.compile(rb"[A-Za-z0-9._:\[\]\-]{1,255}")


class TrustedPeers:
    """The addresses and networks whose forwarding fields are believed; looked up by bisection over merged ranges."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """`entries` are addresses, CIDR networks, or "unix" for every peer on a unix socket."""
        self.unix = False
        ranges: list[tuple[int, int]] = []
        for entry in entries:
            if entry == "unix":
                self.unix = True
                continue
            network = ip_network(entry, strict=False)
            ranges.append((_number(network.network_address), _number(network.broadcast_address)))
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def __contains__(self, address: str) -> bool:
        """Whether the peer at `address` (text; empty for a unix socket) is believed."""
        if not address:
            return self.unix
        if not self._starts:
            return False
        try:
            number = _number(ip_address(address))
        except ValueError:
            return False
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]


def _number(address: object) -> int:
    """IPv4 addresses as the IPv6 addresses they are mapped to (RFC 4291 section 2.5.5.2), so that one order holds."""
    number = int(address)  # type: ignore[call-overload]
    mapped: int = number if isinstance(address, IPv6Address) else number + 0xFFFF_0000_0000
    return mapped


class ClientCertificate:
    """A certificate (`der`) that the other end has proved to be its own; `caller` is who that is, once it was asked."""

    __slots__ = ("caller", "der")

    def __init__(self, der: bytes) -> None:
        self.der = der
        self.caller: object = None


class Peer:
    """The other end of a client connection, and the field lines about it, made once per connection.

    `address` is empty on a unix socket. `scheme` is "http" or "https" (then the connection is `secure`), `port` the
    port it connected to (0 on a unix socket). `certificate` is the one it has shown, if any.
    """

    __slots__ = (
        "_authority",
        "_lines",
        "_node",
        "_port",
        "_scheme",
        "_section",
        "address",
        "certificate",
        "secure",
        "trusted",
    )

    def __init__(self, address: str, port: int, scheme: str, trusted: bool) -> None:
        self.address = address
        self.trusted = trusted
        self._node = address.encode() or b"unknown"
        self._port = b"%d" % port
        self._scheme = scheme.encode()
        self.secure = scheme == "https"
        self.certificate: ClientCertificate | None = None
        self._section: HeaderSection | None = None
        self._authority = b""
        self._lines = b""

    def lines(self, head: RequestHead, kept: bytes | None = None) -> bytes:
        """The lines of a request of this peer to forward: `kept`, or else its section's, and the forwarding fields.

        Those of a believed peer continue what it sent. Made once for requests whose sections are the same.
        """
        section = head.section
        if kept is None and section is self._section and head.authority == self._authority:
            return self._lines
        if self.trusted:
            forwarding = self._appended(head)
        else:
            forwarding = _lines(self._node, self._scheme, head.authority, self._port)
        if kept is not None:
            return kept + forwarding
        self._section, self._authority, self._lines = section, head.authority, section.lines + forwarding
        return self._lines

    def _appended(self, head: RequestHead) -> bytes:
        """Lists continued, single values kept where they are valid."""
        fields = [field for field in head.section.special if field.role is Role.FORWARDING]
        sent = {field.name: field.value for field in fields}
        before = b", ".join(head.get_all(b"x-forwarded-for"))
        scheme = sent.get(b"x-forwarded-proto", b"").lower()
        host = sent.get(b"x-forwarded-host", b"")
        port = sent.get(b"x-forwarded-port", b"")
        lines = _lines(
            before + b", " + self._node if before else self._node,
            scheme if scheme in (b"http", b"https", b"ws", b"wss") else self._scheme,
            host if _NAME.fullmatch(host) else head.authority,
            port if port.isdigit() and len(port) < 6 else self._port,
            element=_element(self._node, self._scheme, head.authority),
            elements=b", ".join(head.get_all(b"forwarded")),
        )
        kept = (b"x-forwarded-prefix", b"x-forwarded-server", b"x-real-ip")
        return lines + b"".join(field.line for field in fields if field.name in kept)

    def secure_of(self, head: RequestHead) -> bool:
        """Whether the client's own connection is by TLS, as far as a believed peer says so."""
        if self.trusted:
            for field in head.section.special:
                if field.role is Role.FORWARDING and field.name == b"x-forwarded-proto":
                    return field.value.lower() in (b"https", b"wss")
        return self.secure

    def client_of(self, head: RequestHead, trusted: TrustedPeers) -> str:
        """The client's address: the last one in X-Forwarded-For that is not a believed proxy, else the peer's."""
        if self.trusted:
            hops = b",".join(head.get_all(b"x-forwarded-for")).split(b",")
            for hop in reversed(hops):
                name = hop.strip()
                if not _ADDRESS.fullmatch(name):
                    break
                if (text := name.decode()) not in trusted:
                    return text
        return self.address


def _element(node: bytes, scheme: bytes, authority: bytes) -> bytes:
    """One element of Forwarded (RFC 7239 section 4); IPv6 is bracketed and quoted, hosts with ports are quoted."""
    named = b'"[%b]"' % node if b":" in node else node
    host = b';host="%b"' % authority if authority else b""
    return b"for=%b%b;proto=%b" % (named, host, scheme)


def _lines(
    nodes: bytes, scheme: bytes, host: bytes, port: bytes, *, element: bytes | None = None, elements: bytes = b""
) -> bytes:
    """The five forwarding fields as lines."""
    if element is None:
        element = _element(nodes, scheme, host)
    return (
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nX-Forwarded-Port: %b\r\n"
        b"Forwarded: %b\r\n" % (nodes, scheme, host, port, b"%b, %b" % (elements, element) if elements else element)
    )
