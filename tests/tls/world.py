"""A gateway that speaks TLS, and clients of it."""

from __future__ import annotations

import ssl
from typing import Any

from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.harness.certificates import Authority, Issued

GET = b"GET /x HTTP/1.1\r\nHost: gw.test\r\n\r\n"


def world(upstream: RecordingUpstream | str, tls: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A gateway whose listener `http` has this section `tls`, in front of one service."""
    url = upstream if isinstance(upstream, str) else upstream.url
    return {
        "listeners": [{"name": "http", "address": "127.0.0.1:0", "tls": tls}],
        "services": {"main": {"targets": [url], "breaker": {"mode": "off"}, "retries": {"attempts": 0}}},
        "routes": [{"name": "all", "path": "/**", "service": "main"}],
        **sections,
    }


def trusting(authority: Authority, certificate: Issued | None = None, **settings: Any) -> ssl.SSLContext:
    """How a client meets a server of this authority, with a certificate of its own if it has one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    if certificate is not None:
        context.load_cert_chain(certificate.cert_file, certificate.key_file)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def client(gateway: GatewayProcess, context: ssl.SSLContext, name: str = "gw.test", listener: str = "http") -> Client:
    """A client that has shaken hands."""
    return Client(gateway.addresses[listener], tls=context, server_name=name)


def shown(one: Client) -> list[str]:
    """The names that the certificate which the client was shown is for."""
    assert isinstance(one.sock, ssl.SSLSocket)
    certificate: Any = one.sock.getpeercert()
    return [str(name) for _, name in certificate["subjectAltName"]]
