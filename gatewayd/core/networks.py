"""Which addresses may come in: networks parsed once into sorted ranges of numbers, looked up by bisection."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Network, ip_network
from socket import AF_INET, AF_INET6, inet_pton  # reads a text, opens nothing; ten times as fast as ipaddress

UNIX = "unix"

# One order for both families: IPv6 addresses are their numbers, IPv4 addresses lie below zero.
_IPV4 = -(1 << 32)
_MAPPED = 0xFFFF << 32  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2
_MAPPED_END = _MAPPED + (1 << 32)


class Networks:
    """A set of addresses. An IPv4-mapped IPv6 address is the IPv4 address it stands for, in entries and look-ups.

    So `::/0` is every IPv6 address and no IPv4 address, however either is written.
    """

    __slots__ = ("_ends", "_starts", "unix")

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """`entries` are addresses, CIDR networks, or "unix" for every peer on a unix socket. Raises `ValueError`."""
        self.unix = False
        ranges: list[tuple[int, int]] = []
        for entry in entries:
            if entry == UNIX:
                self.unix = True
            else:
                ranges.append(_range(entry))
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1] + 1:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def __bool__(self) -> bool:
        """Whether there is any address in the set."""
        return self.unix or bool(self._starts)

    def __contains__(self, address: str) -> bool:
        """Whether `address` (text; empty for a unix socket) is one of these; a text that is no address is not."""
        if not address:
            return self.unix
        number = number_of(address)
        if number is None:
            return False
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]


class AccessList:
    """Who may come in: everyone where `allow` names nobody, else those it names; `deny` wins over `allow`.

    Once either list names somebody, what is no address is refused.
    """

    __slots__ = ("_allow", "_deny", "_open")

    def __init__(self, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> None:
        """Entries are those of `Networks`. Raises `ValueError`."""
        self._allow = Networks(allow)
        self._deny = Networks(deny)
        self._open = not self._allow and not self._deny

    def allows(self, address: str) -> bool:
        """Whether the peer at `address` (text; empty for a unix socket) may come in."""
        if self._open:
            return True
        if address in self._deny:
            return False
        return address in self._allow if self._allow else not address or number_of(address) is not None


def number_of(address: str) -> int | None:
    """The place of an address in the order of both families, or None where the text is no address.

    A zone ("fe80::1%eth0") says which interface an address belongs to and is left out.
    """
    try:
        if ":" not in address:
            return _IPV4 + int.from_bytes(inet_pton(AF_INET, address), "big")
        number = int.from_bytes(inet_pton(AF_INET6, address.partition("%")[0]), "big")
    except (OSError, ValueError):  # ValueError: a NUL, or what has no UTF-8 form
        return None
    return _IPV4 + number - _MAPPED if _MAPPED <= number < _MAPPED_END else number


def _range(entry: str) -> tuple[int, int]:
    """The first and last number of a network."""
    network = ip_network(entry, strict=False)
    start, end = int(network.network_address), int(network.broadcast_address)
    if isinstance(network, IPv4Network):
        return _IPV4 + start, _IPV4 + end
    if start >= _MAPPED and end < _MAPPED_END:
        return _IPV4 + start - _MAPPED, _IPV4 + end - _MAPPED
    return start, end
