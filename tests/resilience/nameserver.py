"""A name server on loopback: an authority of twisted.names that answers from a thread, since no reactor runs here."""

from __future__ import annotations

import socket
from threading import Thread
from types import TracebackType
from typing import Any, Self

from twisted.names import dns
from twisted.names.authority import FileAuthority
from twisted.names.server import DNSServerFactory

from tests.harness import PATIENCE


class Zone(FileAuthority):
    """The zone `internal`, whose records are the test's."""

    def __init__(self) -> None:
        super().__init__("")  # type: ignore[no-untyped-call]  # Twisted's has no types
        self.soa: Any = (b"internal", dns.Record_SOA(b"ns.internal", b"root.internal", 1, 60, 60, 60, 60))
        self.records: Any = {}


class NameServer:
    """Answers questions by UDP while the context lasts, unless it is `silent`. `address` is for `dns.servers`."""

    def __init__(self) -> None:
        self.silent = False
        self._zone = Zone()
        self._factory = DNSServerFactory(authorities=[self._zone])
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._ending = False
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        self._socket.sendto(b"", self._socket.getsockname())  # wakes the thread
        self._thread.join(PATIENCE)
        self._socket.close()

    def addresses(self, name: bytes, *addresses: str) -> None:
        """The name has these addresses from now on, for no time that anybody might keep them."""
        self._zone.records = {**self._zone.records, name: [dns.Record_A(address, ttl=0) for address in addresses]}

    def services(self, name: bytes, *services: tuple[int, int, int, bytes]) -> None:
        """The name has these services from now on: priority, weight, port and host."""
        records = [dns.Record_SRV(*service, ttl=0) for service in services]
        self._zone.records = {**self._zone.records, name: records}

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if self._ending:
                return
            if not self.silent:
                message = dns.Message()
                message.fromStr(data)
                self._factory.messageReceived(message, self, peer)

    def writeMessage(self, message: Any, peer: tuple[str, int]) -> None:
        """What the factory calls with an answer: an authority has it at once."""
        self._socket.sendto(message.toStr(), peer)
