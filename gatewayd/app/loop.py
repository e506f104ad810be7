"""The reactor: Twisted's asyncio one on a uvloop loop, unless the user chose another."""

from __future__ import annotations

import sys


def install_reactor() -> None:
    """Install the gateway's reactor, if none is installed yet (as `twistd --reactor=...` does)."""
    if "twisted.internet.reactor" in sys.modules:
        return
    import uvloop  # here: whoever chooses another reactor need not have it
    from twisted.internet import asyncioreactor

    asyncioreactor.install(uvloop.new_event_loop())
