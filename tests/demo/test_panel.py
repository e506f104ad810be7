"""The control panel on real sockets."""

from __future__ import annotations

import socket

import pytest
import pytest_twisted
from twisted.internet.error import ConnectionLost, ConnectionRefusedError

from gatewayd.demo import Platform
from tests.demo.client import ask, dial
from tests.demo.pipe import Reply


class Desk:
    """The panel and the payment service of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._panel = int(platform.panel.rpartition(":")[2])
        self.port = int(platform.environ()["GATEWAYD_PAYMENT_PORT"])

    async def switch(self, path: str, method: str = "PUT") -> Reply:
        """Ask the panel."""
        return await ask(self._panel, method, path)

    async def pay(self) -> Reply:
        """Ask the payment service."""
        return await ask(self.port, "GET", "/api/v1/payments/7")


@pytest.fixture
def desk(platform: Platform) -> Desk:
    """The panel of a started platform."""
    return Desk(platform)


@pytest_twisted.ensureDeferred
async def test_the_panel_lists_the_services(desk: Desk) -> None:
    """With port, paths and mode."""
    services = (await desk.switch("/", "GET")).json
    assert len(services) == 19
    assert services["payment"] == {"port": desk.port, "paths": ["/api/v1/payments"], "mode": "ok"}
    assert (await desk.switch("/payment", "GET")).json == {"payment": services["payment"]}


@pytest_twisted.ensureDeferred
async def test_a_service_is_switched_and_switched_back(desk: Desk) -> None:
    """The answer tells the new state, and the next request meets it."""
    assert (await desk.switch("/payment/failing")).json["payment"]["mode"] == "failing"
    assert (await desk.pay()).status == 500
    assert (await desk.switch("/payment/ok")).json["payment"]["mode"] == "ok"
    assert (await desk.pay()).status == 200


@pytest_twisted.ensureDeferred
async def test_slowness_is_adjustable(desk: Desk) -> None:
    """`seconds` says how slow, two seconds where it is missing."""
    state = (await desk.switch("/payment/slow?seconds=0.01")).json["payment"]
    assert (state["mode"], state["seconds"]) == ("slow", 0.01)
    assert (await desk.pay()).status == 200
    assert (await desk.switch("/payment/slow")).json["payment"]["seconds"] == 2.0


@pytest_twisted.ensureDeferred
async def test_a_closed_service_refuses_connections_and_opens_on_the_same_port(desk: Desk) -> None:
    """Kept connections are reset, and meanwhile the port belongs to nobody else."""
    kept = await dial(desk.port)
    await desk.switch("/payment/closed")
    with pytest.raises(ConnectionLost):
        await kept.ended
    with pytest.raises(ConnectionRefusedError):
        await dial(desk.port)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", desk.port))
    await desk.switch("/payment/closed")
    state = (await desk.switch("/payment/ok")).json["payment"]
    assert (state["port"], state["mode"]) == (desk.port, "ok")
    assert (await desk.pay()).status == 200


@pytest_twisted.ensureDeferred
async def test_all_services_switch_together(desk: Desk) -> None:
    """`/all/ok` mends everything."""
    await desk.switch("/payment/closed")
    await desk.switch("/all/hung")
    states = (await desk.switch("/all/ok")).json
    assert len(states) == 19
    assert {state["mode"] for state in states.values()} == {"ok"}
    assert (await desk.pay()).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("PUT", "/paymen/ok", 404, "There is no service 'paymen'; try auth, venue, "),
        ("GET", "/paymen", 404, "There is no service 'paymen'"),
        ("PUT", "/payment/broken", 404, "There is no mode 'broken'; try ok, slow, failing, hung, closed"),
        ("PUT", "/payment/slow?seconds=soon", 400, "seconds must be a number from 0 to 3600"),
        ("PUT", "/payment/slow?seconds=nan", 400, "seconds must be a number from 0 to 3600"),
        ("PUT", "/payment/slow?seconds=-1", 400, "seconds must be a number from 0 to 3600"),
        ("GET", "/payment/ok", 405, "/payment/ok answers PUT"),
        ("PUT", "/payment", 405, "/payment answers GET, HEAD"),
        ("PUT", "/", 405, "/ answers GET, HEAD"),
        ("PUT", "/payment/ok/now", 404, "nothing at /payment/ok/now"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_mistake_is_explained(desk: Desk, method: str, path: str, status: int, message: str) -> None:
    """In a sentence that names what would work; nothing is switched."""
    reply = await desk.switch(path, method)
    assert reply.status == status
    assert message in reply.json["message"]
    assert (await desk.switch("/payment", "GET")).json["payment"]["mode"] == "ok"
