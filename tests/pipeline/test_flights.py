"""What can be waited for, and what is remembered of it."""

from __future__ import annotations

from gatewayd.pipeline.flights import MOST_IN_VAIN, Flights, Landing


def test_begun_and_over() -> None:
    """There is one flight for a key, from its beginning until it lands or nobody is left to lead it."""
    flights = Flights()
    flight = flights.begin(b"a")
    assert flights.get(b"a") is flight
    assert flights.get(b"b") is None
    flight.land(Landing.LOOK)
    flight.land(Landing.ALONE)
    flight.pass_on()
    assert len(flights) == 0
    flights.begin(b"a").pass_on()
    assert len(flights) == 0


def test_in_vain() -> None:
    """What cannot be shared is remembered, the latest of it, until it can."""
    flights = Flights()
    for number in range(MOST_IN_VAIN + 1):
        flights.learn(b"%d" % number, shared=False)
    assert not flights.in_vain(b"0")
    assert flights.in_vain(b"1")
    flights.learn(b"1", shared=True)
    flights.learn(b"unknown", shared=True)
    assert not flights.in_vain(b"1")
