"""A platform on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_twisted
from twisted.internet import reactor

from gatewayd.demo import Platform


@pytest_twisted.async_yield_fixture
async def platform() -> AsyncIterator[Platform]:
    """A started platform whose control panel has a free port."""
    started = Platform(reactor, panel_port=0)  # type: ignore[arg-type]
    started.bind()
    started.startService()
    yield started
    await started.stopService()
