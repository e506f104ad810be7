"""Starting: readiness, addresses and metrics where all is well; exit 78 and every error at once where it is not."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.harness import Client, GatewayProcess, RecordingUpstream

from .world import get, service, world

BROKEN = """\
gateway:
  drain_timeout: 30
  nmae: x
services:
  one:
    targets: ["ftp://127.0.0.1:1"]
routes:
  - path: /a/**
    service: tow
  - path: no-slash
    service: one
"""


def test_every_error_at_once() -> None:
    """A broken configuration exits 78 and names each error with file, line and column."""
    result = GatewayProcess.run(BROKEN)
    assert result.code == 78
    for line in (2, 3, 6, 9, 10):
        assert f"{result.config_file}:{line}:" in result.stderr, result.stderr
    assert "Traceback" not in result.stderr
    assert "one" in result.stderr


def test_check_only_checks(upstream: RecordingUpstream) -> None:
    """`--check` says yes with 0 and no with 78, and starts nothing."""
    good = world(upstream)
    assert GatewayProcess.run({**good, "services": {"main": service(upstream)}}, "--check").code == 0
    assert GatewayProcess.run(BROKEN, "--check").code == 78
    assert upstream.connections == []


def test_missing_file() -> None:
    """A configuration that is not there is an error like any other."""
    gateway = GatewayProcess({})
    gateway.config_file.unlink()
    try:
        gateway.launch()
        assert gateway.wait() == 78
        assert str(gateway.config_file) in gateway.stderr
        assert "Traceback" not in gateway.log
    finally:
        gateway.discard()


def test_address_in_use(upstream: RecordingUpstream) -> None:
    """A listener that cannot be had ends the start with 1, and says which."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = GatewayProcess.run(world(upstream, listeners=[{"name": "http", "address": address}]))
    assert result.code == 1
    assert address in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_readiness_means_ready(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """At the moment of READY=1 requests are answered, and so are the metrics."""
    assert set(gateway.addresses) == {"http", "metrics"}
    with Client(gateway.address) as client:
        assert client.ask(get(b"/ready")).status == 200
    assert "# TYPE" in gateway.scrape()


def test_log_stays_free_of_bodies_and_secrets(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Nothing of a request's credentials or body is in the log."""
    with Client(gateway.address) as client:
        client.ask(get(b"/x", b"Authorization: Bearer s3cr3t", b"Cookie: s3cr3t", method=b"POST", body=b"s3cr3t"))
        client.ask(b"GET /x HTTP/1.1\r\nHost: gw.test\r\nAuthorization : s3cr3t\r\n\r\n")
    assert "s3cr3t" not in gateway.log


def test_conf_d_is_read(upstream: RecordingUpstream) -> None:
    """Files in conf.d beside the configuration add to it."""
    config = world(upstream)
    routes = config.pop("routes")
    gateway = GatewayProcess(config)
    folder = Path(gateway.config_file.parent, "conf.d")
    folder.mkdir()
    (folder / "routes.yaml").write_text(f"routes:\n  - path: {routes[0]['path']}\n    service: main\n")
    with gateway, Client(gateway.address) as client:
        assert client.ask(get(b"/from-conf-d")).status == 200
