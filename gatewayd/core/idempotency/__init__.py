"""Requests that are carried out once, however often they are sent: their keys, and what becomes of one.

After draft-ietf-httpapi-idempotency-key-header and Stripe's practice.
"""

from gatewayd.core.idempotency.keys import LONGEST_KEY, BadKey, place, print_of, read_key
from gatewayd.core.idempotency.machine import TRANSITIONS, Event, State, event_of
from gatewayd.core.idempotency.record import Change, Found, Record, claim, pack, settle, unpack

__all__ = [
    "LONGEST_KEY",
    "TRANSITIONS",
    "BadKey",
    "Change",
    "Event",
    "Found",
    "Record",
    "State",
    "claim",
    "event_of",
    "pack",
    "place",
    "print_of",
    "read_key",
    "settle",
    "unpack",
]
