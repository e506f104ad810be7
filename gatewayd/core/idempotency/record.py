"""What is kept of a key, as bytes, and the two steps that change it.

Both run as one: here, or as a script in Redis (`gatewayd.stores.idempotency.scripts`), which reads the same bytes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from gatewayd.core.idempotency.machine import TRANSITIONS, Event, State

HOLDER = 16  # bytes that name a request
PRINT = 32  # bytes of a fingerprint
_UNTIL = 17  # digits and a point
_PRINT_AT = 1 + HOLDER
_UNTIL_AT = _PRINT_AT + PRINT
_DATA_AT = _UNTIL_AT + _UNTIL

Kind: TypeAlias = Literal["go", "busy", "lost", "other", "answer", "unkept", "pass", "unavailable"]


class Found(NamedTuple):
    """What a request finds that comes with a key.

    It is to `go` itself; or another one is being answered (`busy`) or was `lost`, for `left` more seconds; or it was
    answered by `data`, or in a way that was not kept; or the key belongs to an `other` request. Where nobody can say,
    it may `pass` as if it had no key, or that is `unavailable`.
    """

    kind: Kind
    left: float = 0.0
    data: bytes = b""


GO, OTHER, UNKEPT = Found("go"), Found("other"), Found("unkept")


class Record(NamedTuple):
    """A key in `state` until `until`, in seconds of the store's clock.

    `holder` names the request that has or had it, `print` is its fingerprint, `data` the answer.
    """

    state: State
    holder: bytes
    print: bytes
    until: float
    data: bytes = b""


Change: TypeAlias = "tuple[bytes | None, float] | None"
"""What is to be kept from now on, None for nothing, and for how many seconds; None where nothing changes."""


def pack(record: Record) -> bytes:
    """The bytes of a record."""
    state, holder, fingerprint, until, data = record
    return b"%b%b%b%017.3f%b" % (state.value.encode(), holder, fingerprint, until, data)


def unpack(value: bytes | None, now: float) -> Record | None:
    """The record in `value`; None for nothing, and for what has expired. Raises `ValueError` for what is none."""
    if value is None:
        return None
    state = State(value[:1].decode("latin-1"))
    until = float(value[_UNTIL_AT:_DATA_AT])
    if until <= now:
        return None
    return Record(state, value[1:_PRINT_AT], value[_PRINT_AT:_UNTIL_AT], until, value[_DATA_AT:])


def claim(value: bytes | None, holder: bytes, fingerprint: bytes, lease: float, now: float) -> tuple[Found, Change]:
    """What the request `holder` finds at its key, which it then has for `lease` seconds if it is to go."""
    record = unpack(value, now)
    if record is None:
        after = TRANSITIONS[State.FREE, Event.CLAIM]
        return GO, (pack(Record(after, holder, fingerprint, now + lease)), lease)
    if record.print != fingerprint:
        return OTHER, None
    if record.state is State.ANSWERED:
        return Found("answer", 0.0, record.data), None
    if record.state is State.UNKEPT:
        return UNKEPT, None
    return Found("busy" if record.state is State.CLAIMED else "lost", record.until - now), None


def settle(
    value: bytes | None, event: Event, holder: bytes, fingerprint: bytes, seconds: float, data: bytes, now: float
) -> tuple[bool, Change]:
    """What comes of `event`, told by the request `holder`: it holds for `seconds`. False if that changes nothing.

    Who does not have the key any more changes nothing, unless nobody has it.
    """
    record = unpack(value, now)
    before = State.FREE if record is None else record.state
    after = TRANSITIONS.get((before, event))
    if after is None or (record is not None and record.holder != holder):
        return False, None
    if after is State.FREE:
        return True, (None, 0.0)
    return True, (pack(Record(after, holder, fingerprint, now + seconds, data)), seconds)
