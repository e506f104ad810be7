"""The Host field and the authority of a target (RFC 9110 section 7.2, RFC 3986 section 3.2)."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from gatewayd.core.reasons import MALFORMED_HOST, Refused

# Host names as DNS and practice have them (with "_" for service names), IPv4, or an IPv6 literal; no userinfo ever.
_AUTHORITY = re.compile(
    rb"([A-Za-z0-9_](?:[A-Za-z0-9._\-]{0,253}[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?"
)


def parse_authority(authority: bytes) -> bytes:
    """The host of `authority` for routing: lower case, without port and without the root's trailing dot.

    Raises `Refused` for anything but one host with an optional port from 1 to 65535.
    """
    match = _AUTHORITY.fullmatch(authority)
    if match is None or b".." in authority:
        raise Refused(MALFORMED_HOST, "Host is not one host name or address with an optional port.")
    host, port = match.groups()
    if host[0] == 0x5B and not _is_ipv6(host[1:-1]):
        raise Refused(MALFORMED_HOST, "The address in Host is no IPv6 address.")
    if port is not None and not 0 < int(port) < 65536:
        raise Refused(MALFORMED_HOST, "The port in Host is out of range.")
    return host.lower().removesuffix(b".")


def _is_ipv6(address: bytes) -> bool:
    """Whether this is an IPv6 address, and not just made of the same characters."""
    try:
        IPv6Address(address.decode())
    except ValueError:
        return False
    return True
