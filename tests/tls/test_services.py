"""TLS towards services: whom the gateway believes, what it shows them, and what it says when that fails."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.harness.certificates import Authority, Issued

from .world import GET


def serving(issued: Issued, client_ca: Authority | None = None) -> ssl.SSLContext:
    """How a service meets the gateway; by certificates of `client_ca`, if it wants any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert_file, issued.key_file)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # it says what it refuses before it is asked anything
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca.file)
    return context


@pytest.fixture(scope="module")
def services(authority: Authority) -> Iterator[dict[str, RecordingUpstream]]:
    """One that is called 127.0.0.1, one that is called api.internal, and one that wants a certificate."""
    local = authority.issue("127.0.0.1", file="local")
    named = authority.issue("api.internal", file="named")
    with ExitStack() as stack:
        yield {
            "local": stack.enter_context(RecordingUpstream(tls=serving(local))),
            "named": stack.enter_context(RecordingUpstream(tls=serving(named))),
            "mutual": stack.enter_context(RecordingUpstream(tls=serving(local, authority))),
        }


@pytest.fixture(scope="module")
def gateway(
    authority: Authority, services: dict[str, RecordingUpstream], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """With each of them, met rightly and wrongly."""
    trusted = {"ca_file": authority.file}
    stranger = Authority(tmp_path_factory.mktemp("stranger"), "stranger")
    own, foreign = authority.issue("gateway"), stranger.issue("gateway")
    sections: dict[str, dict[str, Any] | None] = {
        "good": trusted,
        "system": None,
        "stranger": {"ca_file": stranger.file},
        "anybody": {"verify": False},
        "newest": {**trusted, "min_version": "1.3", "alpn": False},
    }
    configured = {name: service(services["local"].url, tls) for name, tls in sections.items()}
    configured["named"] = service(services["named"].url, {**trusted, "server_name": "api.internal"})
    configured["misnamed"] = service(services["named"].url, trusted)
    configured["mutual"] = service(services["mutual"].url, {**trusted, **own.section})
    configured["unknown"] = service(services["mutual"].url, trusted)
    configured["foreign"] = service(services["mutual"].url, {**trusted, **foreign.section})
    config = {
        "services": configured,
        "routes": [{"path": f"/{name}/**", "service": name} for name in configured],
    }
    with GatewayProcess(config) as process:
        yield process


def service(url: str, tls: dict[str, Any] | None, **options: Any) -> dict[str, Any]:
    """A service with one target."""
    section = {"targets": [url], "breaker": {"mode": "off"}, "retries": {"attempts": 0}, **options}
    return section if tls is None else {**section, "tls": tls}


def ask(gateway: GatewayProcess, name: str) -> tuple[int, bytes | None]:
    """The answer's status, and the reason if there is one."""
    with Client(gateway.address) as one:
        answer = one.ask(GET.replace(b"/x", b"/%b/x" % name.encode()))
    return answer.status, answer.get(b"x-gateway-reason")


@pytest.mark.parametrize("name", ["good", "anybody", "newest", "named", "mutual"])
def test_met(gateway: GatewayProcess, name: str) -> None:
    """A service that can prove to be itself is asked, on a connection that is kept."""
    before = gateway.metric("downstream_connect_duration_seconds_count", service=name)
    assert [ask(gateway, name) for _ in range(3)] == [(200, None)] * 3
    gateway.wait_metric("downstream_connect_duration_seconds_count", before + 1, service=name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("system", "certificate is not accepted: "),
        ("stranger", "certificate is not accepted: "),
        ("misnamed", "certificate is not accepted: ip address mismatch"),
    ],
)
def test_not_met(gateway: GatewayProcess, services: dict[str, RecordingUpstream], name: str, why: str) -> None:
    """Who cannot is not: 502 with the reason for clients, the cause for operators, and no request on the way."""
    served = sum(len(one.requests(b"/%b/x" % name.encode())) for one in services.values())
    before = gateway.metric("downstream_errors_total", service=name, error_type="tls")
    assert ask(gateway, name) == (502, b"upstream-tls")
    gateway.wait_metric("downstream_errors_total", before + 1, service=name, error_type="tls")
    gateway.wait_log(f"{name}: TLS with https://.* failed: .*{why}")
    assert sum(len(one.requests(b"/%b/x" % name.encode())) for one in services.values()) == served


@pytest.mark.parametrize("name", ["unknown", "foreign"])
def test_not_known_there(gateway: GatewayProcess, name: str) -> None:
    """A service that wants a certificate, and gets none or a wrong one, does not answer: that is a failure of TLS."""
    assert ask(gateway, name) == (502, b"upstream-tls")
    gateway.wait_log(f"{name}: TLS with https://.* failed: .*alert")


def test_health_checks(authority: Authority, tmp_path: Path) -> None:
    """Checks are by TLS as requests are: a target with a certificate of nobody's is not healthy."""
    issued = authority.issue("127.0.0.1", file="checked")
    stranger = Authority(tmp_path, "other")
    health = {"path": "/health", "interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 1}
    with RecordingUpstream(tls=serving(issued)) as upstream:
        config = {
            "services": {
                "good": service(upstream.url, {"ca_file": authority.file}, health={**health}),
                "bad": service(upstream.url, {"ca_file": stranger.file}, health=health),
            },
            "routes": [{"path": f"/{name}/**", "service": name} for name in ("good", "bad")],
        }
        with GatewayProcess(config) as gateway:
            gateway.wait_log("good: https://.* is healthy")
            gateway.wait_log("bad: https://.* fails its checks: TLS failed: the certificate is not accepted")
            gateway.wait_metric("health_check_status", 1, check_type="good")
            assert gateway.metric("health_check_status", check_type="bad") == 0
        checks = upstream.requests(b"/health")
        assert checks
        assert checks[0].get(b"host") == upstream.address.encode()


def test_discovered(authority: Authority, tmp_path: Path) -> None:
    """Targets of a file are met by TLS if they say so."""
    issued = authority.issue("127.0.0.1", file="discovered")
    with RecordingUpstream(tls=serving(issued)) as upstream:
        file = tmp_path / "targets.yaml"
        file.write_text(f"[{upstream.url!r}]")
        discovery = {"file": {"path": str(file)}}
        config = {
            "services": {"main": {"discovery": discovery, "tls": {"ca_file": authority.file}}},
            "routes": [{"path": "/**", "service": "main"}],
        }
        with GatewayProcess(config) as gateway:
            assert ask(gateway, "main") == (200, None)
