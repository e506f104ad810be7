"""Asking the name servers, without a thread and without a cache: whoever asks keeps the answers' TTLs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.names import client, hosts
from twisted.names.resolve import ResolverChain

RESOLV_CONF = "/etc/resolv.conf"
HOSTS = "/etc/hosts"


class Resolver(ResolverChain):
    """Looks into the hosts file first, then asks name servers; an `IResolver`.

    Names are taken as they are: no suffix of a search list is tried.
    """

    def __init__(self, hosts_file: hosts.Resolver, servers: _Servers) -> None:
        super().__init__([hosts_file, servers])  # type: ignore[no-untyped-call]  # Twisted's has no types
        self._servers = servers

    def close(self) -> None:
        """Watch resolv.conf no longer, and close connections to name servers. Lookups in flight end by themselves."""
        self._servers.close()


class _Servers(client.Resolver):
    """Twisted's resolver, with an end, and without a trap."""

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Any:
        """As the parent does.

        Where that raises, for want of a socket perhaps, it would go on taking the question for one that is being asked,
        and everybody who asks it again would wait for an answer to it, for ever.
        """
        try:
            return super()._lookup(name, cls, type, timeout)  # type: ignore[no-untyped-call]
        except BaseException:
            self._waiting.pop((name, type, cls), None)
            raise

    def close(self) -> None:
        """See `Resolver.close`."""
        reading = getattr(self, "_parseCall", None)  # there is none where no resolv.conf is read
        if reading is not None and reading.active():
            reading.cancel()
        for connection in list(self.connections):
            connection.transport.loseConnection()


def resolver(
    reactor: Any,
    servers: Sequence[tuple[str, int]] = (),
    timeouts: Sequence[float] = (1.0, 2.0),
    *,
    resolv_conf: str = RESOLV_CONF,
    hosts_file: str = HOSTS,
) -> Resolver:
    """A resolver that asks `servers` (address and port) in turn, or those of `resolv_conf` if there are none.

    `timeouts`, in seconds: each server is given the first to answer, then each the second, and so on. The files are
    read again as they change.
    """
    source = {"servers": list(servers)} if servers else {"resolv": resolv_conf}
    asking = _Servers(**source, timeout=tuple(timeouts), reactor=reactor)  # type: ignore[no-untyped-call]
    return Resolver(hosts.Resolver(hosts_file.encode()), asking)
