"""What the gateway tells operators: one vocabulary of events, and the way every room tells them.

`gatewayd.telemetry` decides what becomes of them: which are written, how often, where, and with what taken out.
"""

from gatewayd.log import audit, events
from gatewayd.log.event import Event
from gatewayd.log.log import Log

__all__ = ["Event", "Log", "audit", "events"]
