"""`python -m tests.monitoring.live.platform`: the demo's services in a process of their own, until it is told to end.

One line of JSON says where they are: the variables a configuration names them by, and the control panel's URL.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Serve until SIGTERM."""
    from gatewayd.app.loop import install_reactor

    install_reactor()
    from twisted.internet import reactor

    from gatewayd.demo import Platform

    platform = Platform(reactor, panel_port=0)  # type: ignore[arg-type]  # the module stands for what it provides
    platform.startService()
    sys.stdout.write(json.dumps({"environ": platform.environ(), "panel": platform.panel}) + "\n")
    sys.stdout.flush()
    reactor.addSystemEventTrigger("before", "shutdown", platform.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
