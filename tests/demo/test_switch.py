"""What a switched service does with a request."""

from __future__ import annotations

import pytest

from gatewayd.demo.switch import Mode
from tests.demo.pipe import Pipe

PATHS = ["/api/v1/tickets/42", "/api/v1/tickets/_demo/echo", "/nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_a_failing_service_answers_500(path: str) -> None:
    """To everything, until it is switched back."""
    pipe = Pipe()
    pipe.service.switch.mode = Mode.FAILING
    assert pipe.ask("GET", path).status == 500
    pipe.service.switch.mode = Mode.OK
    assert pipe.ask("GET", path).status != 500


def test_a_slow_service_answers_after_its_delay() -> None:
    """Not a moment earlier, and then as it always does."""
    pipe = Pipe()
    quick = pipe.ask("GET", "/api/v1/tickets/42").body
    pipe.service.switch.mode = Mode.SLOW
    pipe.send("GET", "/api/v1/tickets/42")
    pipe.clock.advance(1.999)
    assert pipe.take() == b""
    pipe.clock.advance(0.001)
    assert pipe.reply().body == quick


def test_a_slow_service_forgets_a_client_that_went() -> None:
    """The pending answer is cancelled."""
    pipe = Pipe()
    pipe.service.switch.mode = Mode.SLOW
    pipe.send("GET", "/api/v1/tickets/42")
    pipe.hang_up()
    assert pipe.clock.getDelayedCalls() == []


def test_a_hung_service_never_answers() -> None:
    """Not in an hour, not after it was switched back."""
    pipe = Pipe()
    pipe.service.switch.mode = Mode.HUNG
    pipe.send("POST", "/api/v1/tickets", b'{"event_id": 3}')
    pipe.service.switch.mode = Mode.OK
    pipe.clock.advance(3600)
    assert pipe.take() == b""
