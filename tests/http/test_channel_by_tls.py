"""Whatever holds for a client's connection holds for one by TLS: the tests of channels, once more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import test_channel, test_channel_bodies, test_channel_deadlines, test_channel_end, test_channel_flow
from . import test_channel_tunnel as tunnel
from .by_tls import TlsWorld
from .test_channel import *  # noqa: F403
from .test_channel_bodies import *  # noqa: F403
from .test_channel_deadlines import *  # noqa: F403
from .test_channel_end import *  # noqa: F403
from .test_channel_flow import *  # noqa: F403
from .test_channel_tunnel import *  # noqa: F403

del test_arrival_changes_nothing  # noqa: F821  # a property is wrapped where it is collected, and bears that once

_MODULES = (test_channel, test_channel_bodies, test_channel_deadlines, test_channel_end, test_channel_flow, tunnel)


@pytest.fixture(autouse=True, scope="module")
def by_tls() -> Iterator[None]:
    """The worlds of those tests have clients that speak TLS."""
    with pytest.MonkeyPatch.context() as patch:
        for module in _MODULES:
            patch.setattr(module, "World", TlsWorld)
        yield
