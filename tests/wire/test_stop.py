"""Stopping: what is in flight is finished, what is idle is let go, and a second signal does not wait."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, reply

from .world import get, world


def held(event: Event) -> Callable[[UpstreamConnection, Request], None]:
    """A script that sends half its answer, waits, and sends the rest."""

    def script(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        connection.wait_for(event)
        connection.send(b"world")

    return script


@contextmanager
def transferring(drain: str) -> Iterator[tuple[GatewayProcess, Client, Event]]:
    """A gateway in the middle of a transfer: half of the body has arrived at the client."""
    with RecordingUpstream() as upstream:
        release = upstream.event()
        upstream.on(b"/held", held(release))
        with (
            GatewayProcess(world(upstream, gateway={"drain_timeout": drain})) as gateway,
            Client(gateway.address) as client,
        ):
            client.send(get(b"/held"))
            start = client.start()
            assert start.framing.length == 10
            assert client.reader.exactly(5) == b"hello"
            yield gateway, client, release


def wait_refused(gateway: GatewayProcess) -> None:
    """Returns once nobody listens any more; the kernel takes connections until the socket is closed."""
    for _ in range(10_000):
        try:
            Client(gateway.address).sock.close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue  # it was in the queue of the socket that was closed
    raise AssertionError("the gateway still listens")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_transfer_is_finished(number: signal.Signals) -> None:
    """After the signal no connection is accepted, the transfer under way completes, and the exit code is 0."""
    with transferring("20s") as (gateway, client, release):
        gateway.kill(number)
        gateway.wait_notice("STOPPING")
        wait_refused(gateway)
        release.set()
        assert client.reader.exactly(5) == b"world"
        assert client.ending() == "closed"
        assert gateway.wait() == 0


def test_idle_connections_are_let_go() -> None:
    """A kept-alive connection without a request does not hold up the stop."""
    with RecordingUpstream() as upstream, GatewayProcess(world(upstream)) as gateway, Client(gateway.address) as client:
        assert client.ask(get(b"/a")).status == 200
        with Client(gateway.address) as silent:
            gateway.kill(signal.SIGTERM)
            assert client.ending() in ("closed", "reset")
            assert silent.ending() in ("closed", "reset")
        assert gateway.wait() == 0


def test_answers_during_the_stop_say_close() -> None:
    """An answer that begins while the gateway drains tells the client not to come back on this connection."""
    with RecordingUpstream() as upstream:
        release = upstream.event()

        def waits(connection: UpstreamConnection, request: Request) -> None:
            connection.wait_for(release)
            connection.send(reply(b"late"))

        upstream.on(b"/late", waits)
        with GatewayProcess(world(upstream)) as gateway, Client(gateway.address) as client:
            client.send(get(b"/late"))
            upstream.wait_for(lambda: len(upstream.requests(b"/late")) == 1)
            gateway.kill(signal.SIGTERM)
            gateway.wait_notice("STOPPING")
            release.set()
            answer = client.response()
            assert (answer.status, answer.body) == (200, b"late")
            assert (answer.get(b"connection") or b"").lower() == b"close"
            assert client.ending() == "closed"
            assert gateway.wait() == 0


def test_drain_ends_in_time() -> None:
    """A transfer that does not end within `drain_timeout` is aborted, visibly, and the gateway still exits 0."""
    with transferring("300ms") as (gateway, client, _):
        gateway.kill(signal.SIGTERM)
        assert client.ending() in ("closed", "reset")
        assert gateway.wait() == 0
        (told,) = gateway.wait_log(r"^1 request cut off after (\S+) s$")
        assert float(told[1]) >= 0.3


def test_second_interrupt_does_not_wait() -> None:
    """The second SIGINT ends the gateway although a transfer is under way and the drain could last a minute."""
    with transferring("60s") as (gateway, client, _):
        gateway.kill(signal.SIGINT)
        gateway.wait_notice("STOPPING")
        gateway.kill(signal.SIGINT)
        gateway.wait()
        assert client.ending() in ("closed", "reset")


def test_tunnels_end_with_the_drain() -> None:
    """A tunnel has no end of its own: it is ended when the drain is over, and the exit code is 0."""

    def switch(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
        connection.wait_end()

    with RecordingUpstream() as upstream:
        upstream.on(b"/tunnel", switch)
        with (
            GatewayProcess(world(upstream, gateway={"drain_timeout": "300ms"})) as gateway,
            Client(gateway.address) as client,
        ):
            client.send(get(b"/tunnel", b"Connection: Upgrade", b"Upgrade: foo"))
            assert client.start().status == 101
            gateway.kill(signal.SIGTERM)
            assert client.ending() in ("closed", "reset")
            assert gateway.wait() == 0
