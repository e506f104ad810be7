"""The PROXY protocol, versions 1 and 2 (HAProxy, doc/proxy-protocol.txt): who is behind a trusted load balancer.

The header stands before everything else on a connection. It is read strictly: a peer that may send one must, and what
is no header is refused rather than taken for a request.
"""

from __future__ import annotations

import re
from functools import cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton  # these read and write texts, and open nothing
from typing import NamedTuple

MOST_BYTES = 4096  # of a version 2 header with its TLVs; a header of addresses and a checksum has 59 at most
_MOST_BYTES_V1 = 107  # section 2.1, "the maximum line lengths"

_START_V1 = b"PROXY "
_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = 16  # signature, version and command, family and protocol, length
_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [\x21-\x7e ]*)?|(TCP[46]) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) ([0-9]{1,5}) ([0-9]{1,5}))\r\n"
)
_LOCAL, _PROXY = 0x20, 0x21
# Family and protocol, with the length of the two addresses and ports that follow.
_UNSPECIFIED, _TCP4, _TCP6, _UNIX_STREAM = 0x00, 0x11, 0x21, 0x31
_ADDRESSES = {_UNSPECIFIED: 0, _TCP4: 12, _TCP6: 36, _UNIX_STREAM: 216}
_CHECKSUM = 0x03  # PP2_TYPE_CRC32C


class BadProxyHeader(ValueError):
    """The connection does not begin with a valid PROXY header."""


class Endpoint(NamedTuple):
    """One end of the client's connection: `address` in its canonical text."""

    address: str
    port: int


class Done(NamedTuple):
    """A whole header, and `rest`, the bytes behind it.

    `source` and `destination` are None where the header names no TCP endpoints (LOCAL, UNKNOWN, a unix socket): then
    the connection's own count.
    """

    source: Endpoint | None
    destination: Endpoint | None
    rest: bytes


class ProxyHeader:
    """Reads one header as its bytes come."""

    __slots__ = ("_most", "_read")

    def __init__(self, most: int = MOST_BYTES) -> None:
        """`most` bounds the bytes of a version 2 header."""
        self._read = b""
        self._most = most

    def feed(self, data: bytes) -> Done | None:
        """The header once it is complete, None while more bytes are needed. Raises `BadProxyHeader`."""
        self._read = read = self._read + data
        if read.startswith(_SIGNATURE):
            return self._version_2(read)
        if read.startswith(_START_V1):
            return _version_1(read)
        if not _SIGNATURE.startswith(read) and not _START_V1.startswith(read):
            raise BadProxyHeader("The connection does not begin with a PROXY header.")
        return None

    def _version_2(self, read: bytes) -> Done | None:
        """Section 2.2: a binary header that says how long it is."""
        if len(read) > 12 and read[12] not in (_LOCAL, _PROXY):
            raise BadProxyHeader("The PROXY header has an unknown version or command.")
        if len(read) > 13 and read[12] == _PROXY and read[13] not in _ADDRESSES:
            raise BadProxyHeader("The PROXY header is not about a stream of TCP or a unix socket.")
        if len(read) < _FIXED:
            return None
        end = _FIXED + int.from_bytes(read[14:16], "big")
        if end > self._most:
            raise BadProxyHeader("The PROXY header is too long.")
        if len(read) < end:
            return None
        header, rest = read[:end], read[end:]
        if header[12] == _LOCAL:  # a health check of the balancer itself: what follows is to be ignored
            return Done(None, None, rest)
        addresses = _FIXED + _ADDRESSES[header[13]]
        if end < addresses:
            raise BadProxyHeader("The PROXY header is too short for its addresses.")
        _judge_extensions(header, addresses)
        if header[13] not in (_TCP4, _TCP6):
            return Done(None, None, rest)
        family, size = (AF_INET, 4) if header[13] == _TCP4 else (AF_INET6, 16)
        source, destination = header[16 : 16 + size], header[16 + size : 16 + 2 * size]
        ports = header[addresses - 4 : addresses]
        return Done(
            Endpoint(inet_ntop(family, source), int.from_bytes(ports[:2], "big")),
            Endpoint(inet_ntop(family, destination), int.from_bytes(ports[2:], "big")),
            rest,
        )


def _version_1(read: bytes) -> Done | None:
    """Section 2.1: one line of text."""
    end = read.find(b"\n", 0, _MOST_BYTES_V1) + 1
    if not end:
        if len(read) >= _MOST_BYTES_V1:
            raise BadProxyHeader("The PROXY header is too long.")
        return None
    match = _LINE.fullmatch(read, 0, end)
    if match is None:
        raise BadProxyHeader("The PROXY header is malformed.")
    protocol, *texts = match.groups()
    if protocol is None:
        return Done(None, None, read[end:])
    family = AF_INET if protocol == b"TCP4" else AF_INET6
    source, destination = (
        Endpoint(_canonical(family, address), _port(port))
        for address, port in ((texts[0], texts[2]), (texts[1], texts[3]))
    )
    return Done(source, destination, read[end:])


def _canonical(family: int, address: bytes) -> str:
    """An address of this family as everyone else writes it."""
    try:
        return inet_ntop(family, inet_pton(family, address.decode()))
    except OSError as error:
        raise BadProxyHeader("The PROXY header has an address that is none.") from error


def _port(digits: bytes) -> int:
    """A port in decimal, without leading zeros."""
    if int(digits) > 65535 or (digits[:1] == b"0" and len(digits) > 1):
        raise BadProxyHeader("The PROXY header has a port that is none.")
    return int(digits)


def _judge_extensions(header: bytes, at: int) -> None:
    """Go through the type-length-value vectors (section 2.2) from `at`; the checksum, if there is one, must be right.

    What the others say is not used here: it is only seen that they fill the header exactly.
    """
    checked = False
    while at < len(header):
        start = at + 3
        if start > len(header):
            raise BadProxyHeader("The PROXY header ends within an extension.")
        kind, at = header[at], start + int.from_bytes(header[at + 1 : start], "big")
        if at > len(header):
            raise BadProxyHeader("The PROXY header ends within an extension.")
        if kind == _CHECKSUM:
            if checked or at - start != 4:
                raise BadProxyHeader("The PROXY header has a checksum that is none.")
            checked = True
            if crc32c(header[:start] + bytes(4) + header[at:]) != int.from_bytes(header[start:at], "big"):
                raise BadProxyHeader("The PROXY header does not match its checksum.")


def crc32c(data: bytes) -> int:
    """The CRC-32C of `data` (RFC 9260 appendix B, polynomial 0x1EDC6F41)."""
    table = _crc_table()
    crc = 0xFFFF_FFFF
    for octet in data:
        crc = crc >> 8 ^ table[(crc ^ octet) & 0xFF]
    return crc ^ 0xFFFF_FFFF


@cache
def _crc_table() -> list[int]:
    """The remainders of all single bytes, made when a checksum is first seen: few balancers send one."""
    table = []
    for octet in range(256):
        crc = octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F6_3B78 if crc & 1 else 0)
        table.append(crc)
    return table
