"""Signs of life for systemd: how often, from when until when, and what becomes of a socket that is broken."""

from collections.abc import Mapping

import pytest
from twisted.internet.task import Clock

from gatewayd.app.watchdog import Watchdog, interval


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_interval(environ: Mapping[str, str], seconds: float | None) -> None:
    """Twice in the time that systemd allows, and only by the process that it watches."""
    assert interval(environ, 7) == seconds


def test_signs() -> None:
    """The first comes at once, the others one interval apart, none after the end."""
    clock, sent = Clock(), list[Mapping[str, str]]()
    watchdog = Watchdog(15.0, clock, sent.append)
    watchdog.startService()
    assert sent == [{"WATCHDOG": "1"}]
    clock.pump([15.0, 15.0])
    assert len(sent) == 3
    watchdog.stopService()
    clock.advance(60.0)
    assert len(sent) == 3
    assert not clock.getDelayedCalls()


def test_a_broken_socket_is_tried_again() -> None:
    """A sign that cannot be sent does not end the others."""
    clock, tried = Clock(), []

    def send(fields: Mapping[str, str]) -> None:
        tried.append(fields)
        if len(tried) < 3:
            raise OSError("refused")

    watchdog = Watchdog(1.0, clock, send)
    watchdog.startService()
    clock.pump([1.0, 1.0, 1.0])
    assert len(tried) == 4
    watchdog.stopService()
