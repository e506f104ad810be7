"""TLS towards clients, over real sockets: names, versions, what is not TLS, HTTPS redirects, floods."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.harness.certificates import Authority
from tests.harness.client import connect

from .world import GET, client, shown, trusting, world


@pytest.fixture(scope="module")
def gateway(authority: Authority, upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """With three certificates, a strict listener beside it, and one that redirects."""
    first = authority.issue("gw.test", "127.0.0.1", file="first")
    exact = authority.issue("api.example.org", file="exact", kind="rsa")
    wild = authority.issue("*.example.org", file="wild")
    tls = {"certificates": [one.section for one in (first, exact, wild)], "handshakes": 20}
    strict = {"certificates": [exact.section], "strict_sni": True, "min_version": 1.3}
    listeners = [
        {"name": "http", "address": "127.0.0.1:0", "tls": tls},
        {"name": "strict", "address": "127.0.0.1:0", "tls": strict},
        {"name": "plain", "address": "127.0.0.1:0", "redirect_to_https": True},
        {"name": "other", "address": "127.0.0.1:0", "redirect_to_https": {"port": 8443}},
    ]
    headers = {"security_headers": {"hsts": "30d"}, "limits": {"connections_per_client": 100}}
    with GatewayProcess(world(upstream, tls, listeners=listeners, **headers)) as process:
        yield process


NAMES = [
    ("gw.test", ["gw.test", "127.0.0.1"]),
    ("api.example.org", ["api.example.org"]),
    ("API.Example.ORG", ["api.example.org"]),
    ("www.example.org", ["*.example.org"]),
    ("a.b.example.org", ["gw.test", "127.0.0.1"]),
    ("example.org", ["gw.test", "127.0.0.1"]),
    ("127.0.0.1", ["gw.test", "127.0.0.1"]),
]


@pytest.mark.parametrize(("name", "certificate"), NAMES)
def test_names(gateway: GatewayProcess, authority: Authority, name: str, certificate: list[str]) -> None:
    """Who asks for a name gets the certificate for it: exact before wildcard, the first for everything else."""
    with client(gateway, trusting(authority, check_hostname=False), name) as one:
        assert shown(one) == certificate
        assert one.ask(GET).status == 200


@pytest.mark.parametrize("name", ["gw.test", "www.example.org", "127.0.0.1"])
def test_strict_names(gateway: GatewayProcess, authority: Authority, name: str) -> None:
    """A strict listener refuses other names, and no name, by the alert that says so."""
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        client(gateway, trusting(authority), name, "strict")
    with client(gateway, trusting(authority), "api.example.org", "strict") as one:
        assert one.ask(GET).status == 200


def test_versions(gateway: GatewayProcess, authority: Authority) -> None:
    """TLS 1.2 and 1.3 with ciphers that are good; nothing older, and 1.3 alone where that is configured."""
    for version, cipher in ((ssl.TLSVersion.TLSv1_2, "ECDHE"), (ssl.TLSVersion.TLSv1_3, "TLS_")):
        context = trusting(authority, maximum_version=version)
        with client(gateway, context) as one:
            assert isinstance(one.sock, ssl.SSLSocket)
            found = one.sock.cipher()
            assert found is not None
            assert found[0].startswith(cipher)
            assert one.ask(GET).status == 200
    with pytest.raises(ssl.SSLError):
        client(gateway, trusting(authority, maximum_version=ssl.TLSVersion.TLSv1_2), "api.example.org", "strict")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = trusting(authority, minimum_version=ssl.TLSVersion.TLSv1_1, maximum_version=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    before = gateway.metric("connections_rejected_total", reason="tls")
    with pytest.raises(ssl.SSLError):
        client(gateway, old)
    gateway.wait_metric("connections_rejected_total", before + 1, reason="tls")


def test_weak_ciphers(gateway: GatewayProcess, authority: Authority) -> None:
    """A client without forward secrecy is not spoken to."""
    context = trusting(authority, maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES128-SHA:AES256-GCM-SHA384")
    with pytest.raises(ssl.SSLError):
        client(gateway, context, "api.example.org")


def test_independent_clients(gateway: GatewayProcess, authority: Authority) -> None:
    """curl and `openssl s_client` agree: the chain verifies, and HTTP/1.1 is chosen by ALPN."""
    url = f"https://{gateway.address}/x"
    curl = [
        "curl",
        "-sS",
        "--http2",
        "--cacert",
        authority.file,
        "-w",
        "%{http_code} %{http_version}",
        "-o",
        "/dev/null",
    ]
    assert subprocess.run([*curl, url], capture_output=True, text=True, check=True).stdout == "200 1.1"
    argv = ["openssl", "s_client", "-connect", gateway.address, "-servername", "gw.test", "-alpn", "h2,http/1.1"]
    said = subprocess.run([*argv, "-CAfile", authority.file], input="", capture_output=True, text=True, check=True)
    assert "ALPN protocol: http/1.1" in said.stdout
    assert "Verify return code: 0 (ok)" in said.stdout


def test_sessions(gateway: GatewayProcess, authority: Authority) -> None:
    """A client that comes back takes up its session by a ticket."""
    context = trusting(authority)
    with client(gateway, context) as one:
        assert one.ask(GET).status == 200
        assert isinstance(one.sock, ssl.SSLSocket)
        session = one.sock.session
    plain = connect(gateway.address)
    with context.wrap_socket(plain, server_hostname="gw.test", session=session) as again:
        again.sendall(GET)
        assert again.recv(10)
        assert again.session_reused


def test_what_services_and_browsers_are_told(
    gateway: GatewayProcess, authority: Authority, upstream: RecordingUpstream
) -> None:
    """The service sees the scheme, whatever the client claims; HSTS goes over TLS only."""
    with client(gateway, trusting(authority)) as one:
        answer = one.ask(b"GET /told HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-Proto: http\r\n\r\n")
    assert answer.get(b"strict-transport-security") == b"max-age=2592000"
    request = upstream.requests(b"/told")[0]
    assert request.get_all(b"x-forwarded-proto") == [b"https"]
    assert request.get(b"x-forwarded-port") == gateway.address.rpartition(":")[2].encode()
    assert b"proto=https" in (request.get(b"forwarded") or b"")


def test_plain_http(gateway: GatewayProcess) -> None:
    """HTTP on the port of HTTPS is answered, for people."""
    before = gateway.metric("connections_rejected_total", reason="tls")
    with Client(gateway.address) as one:
        answer = one.ask(GET)
        assert (answer.status, one.ending()) == (400, "closed")
        assert b"HTTPS" in answer.body
    gateway.wait_metric("connections_rejected_total", before + 1, reason="tls")


@pytest.mark.parametrize(
    ("listener", "host", "location"),
    [
        ("plain", b"gw.test", b"https://gw.test/a%20b?c=d"),
        ("plain", b"gw.test:8080", b"https://gw.test/a%20b?c=d"),
        ("other", b"gw.test:8080", b"https://gw.test:8443/a%20b?c=d"),
        ("other", b"[::1]:80", b"https://[::1]:8443/a%20b?c=d"),
    ],
)
def test_redirect(gateway: GatewayProcess, listener: str, host: bytes, location: bytes) -> None:
    """Every request is sent to the same place by HTTPS, its method kept."""
    with Client(gateway.addresses[listener]) as one:
        answer = one.ask(b"POST /a%20b?c=d HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 0\r\n\r\n")
        assert (answer.status, answer.get(b"location")) == (308, location)
        assert answer.get(b"strict-transport-security") is None


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: gw.test/evil\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a@evil.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.test#\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: evil.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.test\\@gw.test\r\n\r\n",
        b"GET http://evil.test/ HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        b"GET //evil.test/%2e%2e HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    ],
)
def test_redirect_to_nowhere_else(gateway: GatewayProcess, head: bytes) -> None:
    """What names no host, or two, is not redirected."""
    with Client(gateway.addresses["plain"]) as one:
        answer = one.ask(head)
        assert answer.status == 400
        assert answer.get(b"location") is None


def test_flood(gateway: GatewayProcess, authority: Authority) -> None:
    """While clients hold every handshake open, those who have shaken hands are served; others once there is room."""
    before = gateway.metric("connections_rejected_total", reason="tls")
    with contextlib.ExitStack() as held, client(gateway, trusting(authority)) as served:
        for _ in range(30):
            with contextlib.suppress(OSError):  # those that are too many may be reset before they are connected
                one = held.enter_context(contextlib.closing(connect(gateway.address)))
                one.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        gateway.wait_metric("connections_rejected_total", before + 10, reason="tls")
        for _ in range(20):
            assert served.ask(GET).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client(gateway, trusting(authority))
    gateway.wait_metric("connections_rejected_total", before + 31, reason="tls")
    with client(gateway, trusting(authority)) as late:
        assert late.ask(GET).status == 200


def test_large_bodies(gateway: GatewayProcess, authority: Authority, upstream: RecordingUpstream) -> None:
    """Megabytes go through in both directions unchanged."""
    body = bytes(range(256)) * 8192
    with client(gateway, trusting(authority)) as one:
        head = b"POST /big HTTP/1.1\r\nHost: gw.test\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert one.ask(head + body).body == body


def test_nothing_of_a_key_is_told(gateway: GatewayProcess, folder: Path) -> None:
    """Neither log nor metrics have a line of a key."""
    told = gateway.log + gateway.scrape()
    for file in folder.glob("*.key"):
        assert not any(line in told for line in file.read_text().splitlines())
