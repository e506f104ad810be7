"""URLs that the gateway may fetch from on its own account: over TLS, or from the machine it runs on."""

from __future__ import annotations

import re
from ipaddress import ip_address

LONGEST = 2048  # characters; what browsers and proxies have always taken

# One way to read it, whoever reads it: no user, no fragment, no backslash, no blank, nothing to be decoded.
_URL = re.compile(
    r"(https?)://"
    r"([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::([0-9]{1,5}))?"
    r"(?:/[]!$%&'()*+,./0-9:;=?@A-Z[_a-z~-]*)?"
)


def check_url(url: str) -> None:
    """Raises ValueError, which says why and does not quote the URL, unless `url` may be fetched.

    It is `https://`, or `http://` for `localhost` or an address that is the machine's own.
    """
    match = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if match is None:
        raise ValueError("it is no plain http:// or https:// URL of a host, a port and a path")
    scheme, host, port = match.groups()
    address = host.strip("[]")
    if host != address and not is_address(address):
        raise ValueError("its host is no IPv6 address")
    if port is not None and not 0 < int(port) < 65536:
        raise ValueError("its port is none")
    if scheme == "http" and not is_loopback(address):
        raise ValueError("http:// is for this machine only; write https://")


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without brackets, is this machine's loopback."""
    return host.lower() == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether `host` is an IP address, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
