"""What every test runs under: the production reactor, reproducible properties, a watch for what tests leave behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.leftovers import Leftovers

settings.register_profile("default", derandomize=True, deadline=None, max_examples=100, print_blob=True)
settings.register_profile(
    "fuzz", deadline=None, max_examples=20_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

PURE = tuple(Path(__file__).parent / room for room in ("core", "architecture"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Install the asyncio reactor on a uvloop loop before pytest-twisted would install it on a stock one.

    That is the reactor `twistd gateway` runs on by default. `--reactor=default` keeps Twisted's own choice.
    """
    if config.getoption("reactor") == "asyncio":
        import uvloop
        from twisted.internet import asyncioreactor

        loop = uvloop.new_event_loop()
        asyncio.set_event_loop(loop)
        asyncioreactor.install(loop)


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves delayed calls, readers or sockets on the reactor: pytest-twisted does not notice.

    Tests of pure code are excused, as they have no reactor.
    """
    if any(room in request.path.parents for room in PURE):
        yield
        return
    request.getfixturevalue("twisted_greenlet")
    before = Leftovers.now()
    yield
    found = before.left_since()
    assert not found, "the test left behind: " + "; ".join(found)
