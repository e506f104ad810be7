"""The way to Redis: an address that is known, or that a Sentinel has to be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from OpenSSL import crypto
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

from gatewayd.config.models.address import Address
from gatewayd.stores.redis.faults import ASKED, Away, Fault, disconnected
from gatewayd.stores.redis.settings import SentinelSettings, Settings, TlsSettings

if TYPE_CHECKING:
    from gatewayd.stores.redis.connection import Connection

_PEM_END = b"-----END CERTIFICATE-----"


class Way:
    """Makes connections as `settings` have it; everything within `connect_timeout`.

    Raises `OSError` and `ValueError` where the file of certificates cannot be used.
    """

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self._settings = settings
        # There is a reactor now. To import it with the first connection would take that one's time, and everybody's.
        from gatewayd.stores.redis.connection import ConnectionFactory

        self._factory = ConnectionFactory
        self._reactor = reactor
        self._trust = _trust(settings.tls)
        self._sentinels = [] if settings.sentinel is None else list(settings.sentinel.addresses)

    def __str__(self) -> str:
        """How the log calls the place."""
        sentinel = self._settings.sentinel
        return str(self._settings.address) if sentinel is None else f"{sentinel.master} (by Sentinel)"

    def connect(self) -> Deferred[Connection]:
        """A connection that is ready. Fails with `Away`, and with what Twisted's endpoints fail with."""
        settings = self._settings
        connecting = Deferred.fromCoroutine(self._connect())
        return connecting.addTimeout(settings.connect_timeout, self._reactor, onTimeoutCancel=_too_late)

    async def _connect(self) -> Connection:
        settings = self._settings
        address = settings.address
        if settings.sentinel is not None:
            address = await self._master(settings.sentinel)
        master = settings.sentinel is not None
        ours = settings.prefix + b"_"
        return await self._open(address, settings.username, settings.password, settings.database, master, ours)

    async def _master(self, sentinel: SentinelSettings) -> Address:
        """What the first Sentinel says that can be asked and knows; it is asked first the next time as well."""
        faults = []
        patience = self._settings.connect_timeout / (len(self._sentinels) + 1)
        for address in tuple(self._sentinels):
            asking = Deferred.fromCoroutine(self._ask(address, sentinel))
            asking.addTimeout(patience, self._reactor, onTimeoutCancel=_too_late)
            try:
                found = await asking
            except (CancelledError, ConnectingCancelledError):
                raise
            except Exception as error:
                faults.append(f"{address}: {disconnected(error).why}")
                continue
            self._sentinels.remove(address)
            self._sentinels.insert(0, address)
            return found
        raise Away(Fault("connection", f"no Sentinel knows where it is ({'; '.join(faults)})"))

    async def _ask(self, address: Address, sentinel: SentinelSettings) -> Address:
        connection = await self._open(address, None, sentinel.password, 0, master=False)
        try:
            found = await connection.ask("SENTINEL", "get-master-addr-by-name", sentinel.master)
        finally:
            connection.give_up(ASKED)
        if found is None:
            raise Away(Fault("other", f'it knows no "{sentinel.master}"'))
        host, port = found
        return Address("tcp", host.decode(), int(port))

    async def _open(
        self,
        address: Address,
        username: str | None,
        password: str | None,
        database: int,
        master: bool,
        ours: bytes = b"",
    ) -> Connection:
        factory = self._factory(self._reactor.seconds, username, password, database, master, ours)
        connection: Connection = await self._endpoint(address).connect(factory)  # type: ignore[assignment]
        await connection.ready
        return connection

    def _endpoint(self, address: Address) -> IStreamClientEndpoint:
        settings, reactor = self._settings, self._reactor
        endpoint: IStreamClientEndpoint
        if address.kind == "unix":
            return UNIXClientEndpoint(reactor, address.path, settings.connect_timeout)
        host = address.host
        if isIPAddress(host):
            endpoint = TCP4ClientEndpoint(reactor, host, address.port, settings.connect_timeout)
        elif isIPv6Address(host):
            endpoint = TCP6ClientEndpoint(reactor, host, address.port, settings.connect_timeout)
        else:
            endpoint = HostnameEndpoint(reactor, host, address.port, settings.connect_timeout)
        if settings.tls is None:
            return endpoint
        name = settings.tls.server_name or host
        return wrapClientTLS(optionsForClientTLS(name, trustRoot=self._trust), endpoint)


def _trust(tls: TlsSettings | None) -> Any:
    """Whose certificates are believed: None for what the system believes."""
    if tls is None or not tls.ca_file:
        return None
    with open(tls.ca_file, "rb") as stream:
        blocks = stream.read().split(_PEM_END)[:-1]
    if not blocks:
        raise ValueError(f"{tls.ca_file} has no certificate")
    try:
        return trustRootFromCertificates([Certificate.loadPEM(block + _PEM_END) for block in blocks])
    except crypto.Error:
        raise ValueError(f"{tls.ca_file} has a certificate that cannot be read") from None


def _too_late(result: object, timeout: float) -> Any:
    """Cancelled by the timeout."""
    raise Away(Fault("timeout", f"no connection and answer in {timeout:g} s"))
