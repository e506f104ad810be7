"""The watch for what tests leave behind works: pytest-twisted itself notices none of this."""

from __future__ import annotations

import socket

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.protocol import ServerFactory

from tests.leftovers import Leftovers


def test_a_delayed_call_is_noticed() -> None:
    """One that has not fired or been cancelled."""
    before = Leftovers.now()
    call = reactor.callLater(60, print)
    assert [text.startswith("delayed call") for text in before.left_since(patience=0)] == [True]
    call.cancel()
    assert before.left_since(patience=0) == []


@pytest_twisted.ensureDeferred
async def test_a_listening_port_is_noticed() -> None:
    """As what the reactor watches and as a socket."""
    before = Leftovers.now()
    port = reactor.listenTCP(0, ServerFactory(), interface="127.0.0.1")
    found = before.left_since(patience=0)
    assert any(text.startswith("selectable") for text in found)
    assert any(text.startswith("socket:") for text in found)
    stopped = port.stopListening()
    assert stopped is not None
    await stopped
    assert before.left_since(patience=0) == []


def test_a_socket_outside_the_reactor_is_noticed() -> None:
    """uvloop's connections are none of the reactor's readers."""
    before = Leftovers.now()
    with socket.socket():
        assert [text.startswith("socket:") for text in before.left_since(patience=0)] == [True]
    assert before.left_since(patience=0) == []
