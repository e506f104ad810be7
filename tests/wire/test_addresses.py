"""IPv4, IPv6 and unix sockets, as listeners and as targets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream

from .checks import check_problem, fresh
from .world import get, route, service, world

LISTENERS = ("http", "six", "local")
TARGETS = ("four", "six", "local")


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, RecordingUpstream]]:
    """A service on each kind of address."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder, ExitStack() as stack:
        yield {
            "four": stack.enter_context(RecordingUpstream()),
            "six": stack.enter_context(RecordingUpstream(host="::1")),
            "local": stack.enter_context(RecordingUpstream(path=f"{folder}/up")),
        }


@pytest.fixture(scope="module")
def everywhere(targets: dict[str, RecordingUpstream]) -> Iterator[GatewayProcess]:
    """A gateway that listens on each kind of address, and has a service on each."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        listeners = [
            {"name": "http", "address": "127.0.0.1:0"},
            {"name": "six", "address": "[::1]:0"},
            {"name": "local", "address": f"unix:{folder}/in"},
        ]
        services = {name: service(target) for name, target in targets.items()}
        services["missing"] = service(f"unix:{folder}/nobody")
        routes = [route(name, f"/{name}/**", name) for name in services]
        config = world(targets["four"], listeners=listeners, services=services, routes=routes)
        with GatewayProcess(config) as process:
            yield process
        assert not Path(folder, "in").exists(), "the socket file was left behind"


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("listener", LISTENERS)
def test_from_each_listener_to_each_target(
    listener: str, target: str, everywhere: GatewayProcess, targets: dict[str, RecordingUpstream]
) -> None:
    """Every combination carries a request, a body, and a second request on the same connection."""
    path = b"/" + target.encode() + b"/" + fresh()
    with Client(everywhere.addresses[listener]) as client:
        assert client.ask(get(path, method=b"POST", body=b"hello")).body == b"hello"
        assert client.ask(get(path)).body == b"ok"
    request = targets[target].wait_request(path, 2)
    assert request.get(b"host") == b"gw.test"


def test_ipv6_clients_are_named(everywhere: GatewayProcess, targets: dict[str, RecordingUpstream]) -> None:
    """An IPv6 client stands bare in X-Forwarded-For, and quoted in brackets in Forwarded (RFC 7239 section 6)."""
    path = b"/four/" + fresh()
    with Client(everywhere.addresses["six"]) as client:
        assert client.ask(get(path)).status == 200
    request = targets["four"].wait_request(path)
    assert request.get(b"x-forwarded-for") == b"::1"
    assert b'for="[::1]"' in (request.get(b"forwarded") or b"")


def test_unix_clients_are_unknown(everywhere: GatewayProcess, targets: dict[str, RecordingUpstream]) -> None:
    """A client on a unix socket has no address; what it claims is dropped all the same."""
    path = b"/four/" + fresh()
    with Client(everywhere.addresses["local"]) as client:
        assert client.ask(get(path, b"X-Forwarded-For: 6.6.6.6")).status == 200
    request = targets["four"].wait_request(path)
    assert b"6.6.6.6" not in request.head.raw
    assert request.get(b"x-forwarded-for") in (None, b"unknown")
    assert b"for=unknown" in (request.get(b"forwarded") or b"")


def test_missing_unix_socket(everywhere: GatewayProcess) -> None:
    """A service whose socket file is not there is unreachable: 502."""
    with Client(everywhere.address) as client:
        assert check_problem(client.ask(get(b"/missing/x")), (502,)) == "connect-failed"
