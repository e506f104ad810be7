"""Servers on loopback that answer the gateway's own calls: well, badly, late, with too much, and over TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet import reactor as installed
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface import implementer

reactor: Any = installed
NEVER = -1  # instead of a status: no answer comes


@dataclass
class Reply:
    """What a server says: `NEVER` instead of a status leaves the caller waiting, also after a `body` without end."""

    body: bytes = b"{}"
    status: int = 200
    fields: tuple[tuple[str, str], ...] = ()
    endless: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: bytes
    path: bytes
    fields: dict[bytes, bytes]
    body: bytes


class Server:
    """Answers every path in `replies` as told, any other with 404."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: dict[str, Reply | Callable[[Asked], Reply]] = {}
        self.asked: list[Asked] = []
        self.connections = 0
        self.waiting: list[Any] = []

    def render(self, request: Any) -> Any:
        """What twisted.web calls."""
        asked = Asked(
            request.method,
            request.uri,
            {name.lower(): values[0] for name, values in request.requestHeaders.getAllRawHeaders()},
            request.content.read(),
        )
        self.asked.append(asked)
        reply = self.replies.get(request.path.decode(), Reply(status=404))
        if not isinstance(reply, Reply):
            reply = reply(asked)
        if reply.status == NEVER:
            self.waiting.append(request)
            return NOT_DONE_YET
        request.setResponseCode(reply.status)
        for name, value in reply.fields:
            request.responseHeaders.addRawHeader(name, value)
        if reply.endless:
            self.waiting.append(request)
            request.write(reply.body)
            return NOT_DONE_YET
        return reply.body

    def hang_up(self) -> None:
        """Close the connections that wait for an answer."""
        waiting, self.waiting = self.waiting, []
        for request in waiting:
            if request.transport is not None:
                request.transport.loseConnection()


class _Every(Resource):
    """One resource for all paths."""

    isLeaf = True

    def __init__(self, server: Server) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._server = server

    def render(self, request: Any) -> Any:
        """Pass it on."""
        return self._server.render(request)


@contextmanager
def serving(name: str | None = None, idle: float = 60.0) -> Iterator[Server]:
    """A server: over TLS as `name`, if there is one; it closes connections that are idle for so many seconds."""
    server = Server("")

    class Channel(HTTPChannel):
        def connectionMade(self) -> None:
            server.connections += 1
            super().connectionMade()  # type: ignore[no-untyped-call]

    site = Site(_Every(server), timeout=idle)
    site.protocol = Channel  # type: ignore[assignment]
    site.displayTracebacks = False
    if name is None:
        port = reactor.listenTCP(0, site, interface="127.0.0.1")
    else:
        port = reactor.listenSSL(0, site, _Tls(name), interface="127.0.0.1")
    server.url = f"{'http' if name is None else 'https'}://127.0.0.1:{port.getHost().port}"
    try:
        yield server
    finally:
        port.stopListening()
        server.hang_up()


@cache
def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Who signs the servers' certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key, _signed("authority", key, "authority", key, x509.BasicConstraints(ca=True, path_length=None))


def authority() -> bytes:
    """Its certificate, as a PEM text."""
    return _authority()[1].public_bytes(Encoding.PEM)


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    """A certificate that is valid today."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=False)
        .sign(signer, SHA256())
    )


@implementer(IOpenSSLServerConnectionCreator)
class _Tls:
    """What a server proves to be `name`, a host name or an address, with."""

    def __init__(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        signer, _ = _authority()
        said: x509.GeneralName = x509.DNSName(name) if name[0].isalpha() else x509.IPAddress(ip_address(name))
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.use_certificate(_signed(name, key, "authority", signer, x509.SubjectAlternativeName([said])))
        self._context.use_privatekey(key)

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """What Twisted calls."""
        return SSL.Connection(self._context)
