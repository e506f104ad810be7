"""TLS towards services: whom the gateway talks to, and what it makes of how they end."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport

from gatewayd.core.messages import ResponseHead
from gatewayd.core.reasons import UPSTREAM_TLS, UPSTREAM_TRUNCATED, Refused
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import NEVER, Deadlines
from gatewayd.http.tls.client import ClientLayer, ClientTls, TlsEndpoint, TlsFailed
from gatewayd.http.tls.contexts import ClientSettings, NoTls, Pair, ServerSettings, client_context, server_context
from tests.harness.certificates import Authority

from .by_tls import Kept, TlsWire
from .service import Patience, Taker, result_of

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Asker:
    """Asks, and wants no interim answers."""

    def interim(self, answer: ResponseHead) -> None:
        """There are none."""
        raise AssertionError


ASKER = Asker()


class Service:
    """A service that speaks TLS as `names`, and a connection of the gateway's to it as `asked`."""

    def __init__(
        self, folder: Path, asked: str = "api.internal", names: tuple[str, ...] = ("api.internal",), **settings: object
    ) -> None:
        self.authority = Authority(folder)
        issued = self.authority.issue(*names, file="server")
        pair = Pair(issued.cert_file, issued.key_file)
        defaults = {"ca_file": self.authority.file}
        client = client_context(ClientSettings(**{**defaults, **settings}))  # type: ignore[arg-type]
        self.clock = Clock()
        self.told: list[str] = []
        deadlines = Deadlines(self.clock, self.clock.seconds)
        self.connection = UpstreamConnection(deadlines, self.clock.seconds)
        tls = ClientTls(Kept(client), asked, self.told.append)
        self.layer = ClientLayer(tls, self.connection, None)
        self.failures: list[BaseException] = []
        self.connected = False
        self.layer.done.addCallbacks(self._connected, lambda failure: self.failures.append(failure.value))
        server = server_context(ServerSettings(pairs=[pair]))
        self.wire = TlsWire(self.layer, self.clock, server, serving=True, silent=True)

    def _connected(self, _: object) -> None:
        self.connected = True

    def shake(self) -> None:
        """Shake hands."""
        self.wire.feed()
        with contextlib.suppress(ssl.SSLError):
            self.wire.shake()
        self.wire.turn()


def test_a_request(tmp_path: Path) -> None:
    """A request goes out once TLS stands, and its answer comes in."""
    service = Service(tmp_path)
    assert not service.connected
    service.shake()
    assert service.connected
    answer = service.connection.send(GET, None, Patience(), NEVER, False, None, ASKER)
    assert service.wire.received == GET
    service.wire.deliver(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    assert answer.value is not None
    assert service.connection.whole == b"hi"
    assert service.connection.reusable
    assert service.told == []


@pytest.mark.parametrize(
    ("asked", "names", "settings", "why"),
    [
        ("other.internal", ("api.internal",), {}, "hostname mismatch"),
        ("10.0.0.1", ("10.0.0.2",), {}, "ip address mismatch"),
        ("api.internal", ("api.internal",), {"ca_file": None}, "unable to get local issuer"),
    ],
)
def test_not_whom_it_should_be(
    tmp_path: Path, asked: str, names: tuple[str, ...], settings: dict[str, object], why: str
) -> None:
    """A service whose certificate is for another name, or of nobody who is trusted, gets no request."""
    service = Service(tmp_path, asked, names, **settings)
    service.shake()
    (failure,) = service.failures
    assert isinstance(failure, TlsFailed)
    assert why in failure.why
    assert service.told == [failure.why]
    assert service.wire.lost
    assert not service.connected


@pytest.mark.parametrize(("asked", "names"), [("10.0.0.1", ("10.0.0.1",)), ("::1", ("::1",)), ("a.b.c", ("*.b.c",))])
def test_names(tmp_path: Path, asked: str, names: tuple[str, ...]) -> None:
    """Addresses and wildcards are names as well."""
    service = Service(tmp_path, asked, names)
    service.shake()
    assert service.connected


def test_anybody(tmp_path: Path) -> None:
    """Without verification anybody is taken for the service."""
    service = Service(tmp_path, "other.internal", verify=False, ca_file=None)
    service.shake()
    assert service.connected


def test_a_service_that_hangs_up(tmp_path: Path) -> None:
    """Hanging up in the middle of the handshake is a failure of TLS."""
    service = Service(tmp_path)
    service.wire.cut()
    (failure,) = service.failures
    assert isinstance(failure, TlsFailed)
    assert "closed the connection" in failure.why


def test_a_service_without_tls(tmp_path: Path) -> None:
    """Plain HTTP where TLS should be is one, too."""
    service = Service(tmp_path)
    service.wire.deliver_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    (failure,) = service.failures
    assert isinstance(failure, TlsFailed)
    service.wire.turn()
    assert service.wire.lost


def test_cancelled(tmp_path: Path) -> None:
    """A handshake that nobody waits for any longer ends."""
    service = Service(tmp_path)
    service.layer.done.cancel()
    service.wire.turn()
    assert service.wire.was_reset
    assert service.told == []


@pytest.mark.parametrize("cut", [True, False])
def test_until_close(tmp_path: Path, cut: bool) -> None:
    """A body that ends with its connection is whole only if TLS ended: somebody else could have cut it off."""
    service = Service(tmp_path)
    service.shake()
    answer = service.connection.send(GET, None, Patience(), NEVER, False, None, ASKER)
    service.wire.deliver(b"HTTP/1.0 200 OK\r\n\r\n")
    assert answer.value is not None
    taker = Taker()
    ended = service.connection.relay(taker)
    service.wire.deliver(b"all of it")
    if cut:
        service.wire.cut()
        with pytest.raises(Refused) as refused:
            result_of(ended)
        assert refused.value.reason is UPSTREAM_TRUNCATED
    else:
        service.wire.finish()
        result_of(ended)


def test_refused_after_the_handshake(tmp_path: Path) -> None:
    """TLS 1.3 tells of a refused certificate only after the handshake: an alert is a failure of TLS, not a reset."""
    service = Service(tmp_path)
    service.shake()
    answer = service.connection.send(GET, None, Patience(), NEVER, False, None, ASKER)
    service.wire.deliver_raw(b"\x17\x03\x03\x00\x13" + bytes(19))
    service.wire.turn()
    with pytest.raises(Refused) as refused:
        result_of(answer)
    assert refused.value.reason is UPSTREAM_TLS
    assert len(service.told) == 1


def test_endpoint(tmp_path: Path) -> None:
    """Checks connect to an endpoint by TLS: what they get is connected once it stands."""
    from twisted.internet.endpoints import TCP4ClientEndpoint
    from twisted.internet.protocol import Factory, Protocol

    reactor = MemoryReactorClock()
    authority = Authority(tmp_path)
    tls = ClientTls(Kept(client_context(ClientSettings(ca_file=authority.file))), "a", lambda why: None)
    endpoint = TlsEndpoint(TCP4ClientEndpoint(reactor, "10.0.0.1", 443), tls)
    connecting: Deferred[Protocol] = endpoint.connect(Factory.forProtocol(Protocol))
    failed: list[object] = []
    connecting.addErrback(lambda failure: failed.append(failure.value))
    layer: Any = reactor.tcpClients[0][2].buildProtocol(None)
    transport = StringTransport()
    layer.makeConnection(transport)
    assert transport.value()[:1] == b"\x16"
    layer.dataReceived(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert transport.disconnecting
    (error,) = failed
    assert isinstance(error, TlsFailed)


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"])
def test_files_that_are_no_good(tmp_path: Path, content: str | None) -> None:
    """A context that cannot be made says of which file, and no more."""
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    pair = Pair(str(path), str(path))
    with pytest.raises(NoTls, match=r"file\.pem"):
        client_context(ClientSettings(ca_file=str(path)))
    with pytest.raises(NoTls, match=r"file\.pem"):
        client_context(ClientSettings(verify=False, pair=pair))
    with pytest.raises(NoTls, match=r"file\.pem"):
        server_context(ServerSettings(pairs=[pair]))


def test_pairs_that_are_no_good(tmp_path: Path) -> None:
    """A key of another certificate, and an encrypted one."""
    authority = Authority(tmp_path)
    one, other = authority.issue("one"), authority.issue("other")
    locked = authority.issue("locked", password=b"secret")
    with pytest.raises(NoTls, match="not that of the certificate"):
        server_context(ServerSettings(pairs=[Pair(one.cert_file, other.key_file)]))
    with pytest.raises(NoTls, match="encrypted"):
        server_context(ServerSettings(pairs=[Pair(locked.cert_file, locked.key_file)]))
    with pytest.raises(NoTls, match="cipher"):
        server_context(ServerSettings(pairs=[Pair(one.cert_file, one.key_file)], ciphers="nonsense"))
