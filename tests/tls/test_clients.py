"""Clients that show certificates: who is let in, as whom, and who no more."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness import GatewayProcess, RecordingUpstream
from tests.harness.certificates import Authority, Issued

from .world import GET, client, trusting, world

KEY = {"id": "abcdefghijklm", "hash": "6f1d0c1c" * 8, "user": "someone"}
SUBJECT = [("common_name", "scanner-7"), ("organization", "acme"), ("organizational_unit", "door-staff")]


@pytest.fixture(scope="module")
def scanner(authority: Authority) -> Issued:
    """A client's certificate."""
    return authority.issue(subject=SUBJECT, uris=["spiffe://acme/scanner"], file="scanner")


@pytest.fixture(scope="module")
def revoked(authority: Authority) -> Issued:
    """One that is revoked."""
    return authority.issue(subject=[("common_name", "lost")], file="lost")


@pytest.fixture(scope="module")
def gateway(authority: Authority, upstream: RecordingUpstream, revoked: Issued) -> Iterator[GatewayProcess]:
    """Listeners that ask for certificates, and routes that want them."""
    server = authority.issue("gw.test", file="server")
    asking = {
        "certificates": [server.section],
        "client_ca_file": authority.file,
        "crl_file": authority.revoke(revoked),
    }

    def listener(name: str, **tls: Any) -> dict[str, Any]:
        return {"name": name, "address": "127.0.0.1:0", "tls": {**asking, **tls}}

    sections = {
        "listeners": [listener("http", client_auth="optional"), listener("required", client_auth="required")],
        "identity_headers": {"roles": "X-User-Roles"},
        "authentication": {
            "certificates": {"subject": "common_name", "tenant": "organization", "roles": "organizational_unit"},
            "api_keys": {"pepper": "p" * 32, "keys": [KEY]},
        },
        "routes": [
            {"name": "own", "path": "/own/**", "service": "main", "auth": {"methods": ["certificate"]}},
            {"name": "any", "path": "/any/**", "service": "main"},
            {"name": "keys", "path": "/keys/**", "service": "main", "auth": {"methods": ["api_key"]}},
            {"name": "maybe", "path": "/maybe/**", "service": "main", "auth": "optional"},
            {"name": "staff", "path": "/staff/**", "service": "main", "authorize": {"roles": ["door-staff"]}},
            {"name": "boss", "path": "/boss/**", "service": "main", "authorize": {"roles": ["admin"]}},
            {"name": "all", "path": "/**", "service": "main", "auth": "public"},
        ],
    }
    with GatewayProcess(world(upstream, {}, **sections)) as process:
        yield process


def get(path: bytes, *lines: bytes) -> bytes:
    """A request."""
    return b"GET " + path + b" HTTP/1.1\r\nHost: gw.test\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def test_identity(gateway: GatewayProcess, authority: Authority, upstream: RecordingUpstream, scanner: Issued) -> None:
    """A certificate says who is calling, for which tenant, with which roles; forged fields about it are removed."""
    forged = (b"X-Client-Cert: abc", b"X-SSL-Client-DN: CN=boss", b"Client-Cert: :AA==:", b"X-User-Id: boss")
    with client(gateway, trusting(authority, scanner)) as one:
        for _ in range(2):
            assert one.ask(get(b"/own/a", *forged)).status == 200
        assert one.ask(get(b"/any/a")).status == 200
        assert one.ask(get(b"/staff/a")).status == 200
        assert one.ask(get(b"/boss/a")).status == 403
        assert one.ask(get(b"/keys/a")).status == 401
    request = upstream.requests(b"/own/a")[0]
    names = (b"x-user-id", b"x-tenant-id", b"x-user-roles", b"x-client-cert", b"x-ssl-client-dn", b"client-cert")
    assert [request.get(name) for name in names] == [b"scanner-7", b"acme", b"door-staff", None, None, None]


def test_without(gateway: GatewayProcess, authority: Authority) -> None:
    """Who shows none is told what is wanted, where it is."""
    with client(gateway, trusting(authority)) as one:
        answer = one.ask(get(b"/own/a"))
        assert (answer.status, answer.get(b"x-gateway-reason")) == (401, b"unauthenticated")
        assert answer.get(b"www-authenticate") == b'Certificate realm="gatewayd"'
        assert answer.get_all(b"www-authenticate") != []
        assert len(one.ask(get(b"/any/a")).get_all(b"www-authenticate")) == 2
        assert one.ask(get(b"/maybe/a")).status == 200
        assert one.ask(get(b"/")).status == 200


def test_required(gateway: GatewayProcess, authority: Authority, scanner: Issued) -> None:
    """A listener that requires one speaks to nobody else."""
    with client(gateway, trusting(authority, scanner), listener="required") as one:
        assert one.ask(get(b"/own/a")).status == 200
    before = gateway.metric("connections_rejected_total", reason="tls")
    with (
        pytest.raises((ssl.SSLError, ConnectionError)),
        client(gateway, trusting(authority), listener="required") as one,
    ):
        one.ask(GET)
    gateway.wait_metric("connections_rejected_total", before + 1, reason="tls")


@pytest.mark.parametrize("kind", ["revoked", "expired", "foreign"])
@pytest.mark.parametrize("listener", ["http", "required"])
def test_not_accepted(
    gateway: GatewayProcess, authority: Authority, revoked: Issued, tmp_path: Path, kind: str, listener: str
) -> None:
    """A certificate that is revoked, expired or somebody else's is refused, also where none would do."""
    if kind == "expired":
        shown = authority.issue(subject=SUBJECT, ends=timedelta(days=-1), file="expired")
    elif kind == "foreign":
        shown = Authority(tmp_path, "stranger").issue(subject=SUBJECT)
    else:
        shown = revoked
    with (
        pytest.raises((ssl.SSLError, ConnectionError)),
        client(gateway, trusting(authority, shown), listener=listener) as one,
    ):
        one.ask(GET)


@pytest.mark.parametrize(
    "subject",
    [
        [("organization", "acme")],
        [("common_name", "one"), ("common_name", "two")],
        [("common_name", "a\u00e9")],
        [("common_name", "ok"), ("organization", "two words")],
    ],
)
def test_says_nothing_that_counts(
    gateway: GatewayProcess, authority: Authority, subject: list[tuple[str, str]]
) -> None:
    """A good certificate that does not say who that is, or not so that services could be told, proves nothing."""
    shown = authority.issue(subject=subject, file="odd")
    with client(gateway, trusting(authority, shown)) as one:
        for _ in range(2):
            answer = one.ask(get(b"/own/a"))
            assert (answer.status, answer.get(b"x-gateway-reason")) == (401, b"invalid-certificate")
        assert one.ask(get(b"/")).status == 200


def test_resumed(gateway: GatewayProcess, authority: Authority, scanner: Issued) -> None:
    """A session that is taken up again is the same client's."""
    context = trusting(authority, scanner)
    with client(gateway, context) as one:
        assert one.ask(get(b"/own/a")).status == 200
        assert isinstance(one.sock, ssl.SSLSocket)
        session = one.sock.session
    with client(gateway, context) as again:
        assert session is not None
        assert again.ask(get(b"/own/a")).status == 200
