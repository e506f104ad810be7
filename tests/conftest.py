"""What every test runs under: the production reactor, reproducible properties, a watch for what tests leave behind."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
import uvloop
from hypothesis import HealthCheck, settings
from twisted.internet import asyncioreactor
from twisted.internet.task import deferLater

from tests.leftovers import Leftovers

settings.register_profile("default", derandomize=True, deadline=None, max_examples=100, print_blob=True)
settings.register_profile(
    "fuzz", deadline=None, max_examples=20_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

PURE = tuple(Path(__file__).parent / room for room in ("core", "architecture"))


# The reactor `twistd gateway` runs on by default: asyncio's, on a uvloop loop. It is installed here, not in a hook,
# because pytest-twisted would install it on a stock loop, and a conftest further down that imports the reactor would
# install Twisted's default. With `--reactor=default` on the command line the tests run on that one.
if not any(argument.startswith("--reactor") for argument in sys.argv):
    _loop = uvloop.new_event_loop()
    asyncio.set_event_loop(_loop)
    asyncioreactor.install(_loop)


@pytest.fixture(scope="session")
def running_reactor(twisted_greenlet: object) -> None:
    """Let the reactor start, so that what it opens for itself is not laid to the first test's charge."""
    from twisted.internet import reactor

    pytest_twisted.blockon(deferLater(reactor, 0))


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves delayed calls, readers or sockets on the reactor: pytest-twisted does not notice.

    Tests of pure code are excused, as they have no reactor.
    """
    if any(room in request.path.parents for room in PURE):
        yield
        return
    request.getfixturevalue("running_reactor")
    before = Leftovers.now()
    yield
    found = before.left_since()
    assert not found, "the test left behind: " + "; ".join(found)
