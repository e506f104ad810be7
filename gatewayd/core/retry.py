"""Whether a request that failed is sent again, and when."""

from __future__ import annotations

import re
from calendar import timegm
from dataclasses import dataclass
from email.utils import parsedate_tz

from gatewayd.core.backoff import full_jitter

_DIGITS = re.compile(rb"[0-9]+")
_DATE = re.compile(rb"[A-Za-z]{3,9},?[ A-Za-z0-9:-]{15,30}")  # all three forms (RFC 9110 section 5.6.7)
KEY = b"idempotency-key"  # draft-ietf-httpapi-idempotency-key-header
_LONGEST = 86400.0  # seconds; who asks to be left alone for longer says no more than that


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """What is tried again, and how often.

    `attempts` is how many further ones there are, `methods` those that may be sent again once the service may have seen
    the request, `on` the kinds of failure that are tried again ("connect", "reset", "timeout", "protocol") and
    `statuses` the answers. The first pause is at most `backoff`, the next ones twice that of the one before, none
    longer than `backoff_most`, all in seconds. Request bodies of up to `body` bytes are kept to be sent again. With the
    field `keyed` (in lower case) a client says that its request may be sent again; None where no field says so.
    """

    attempts: int = 1
    methods: frozenset[bytes] = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
    on: frozenset[str] = frozenset({"connect", "reset"})
    statuses: frozenset[int] = frozenset()
    backoff: float = 0.025
    backoff_most: float = 1.0
    body: int = 65536
    keyed: bytes | None = KEY


@dataclass(frozen=True, slots=True)
class Failure:
    """What an attempt came to: `what` is the kind of failure, or the status of the answer.

    `sent` tells whether the service may have seen the request, `retry_after` in how many seconds it wants to be asked
    again, None if it did not say.
    """

    what: str | int
    sent: bool
    retry_after: float | None = None


def decide(
    settings: Retries,
    made: int,
    method: bytes,
    failure: Failure,
    *,
    keyed: bool,
    replayable: bool,
    left: float,
    elsewhere: bool,
    random: float,
) -> float | None:
    """Seconds to wait before the next attempt, or None where the outcome of this one stands.

    `made` counts the further attempts so far, `keyed` says that the client calls its request idempotent
    (Idempotency-Key), `replayable` that its body can be sent from the start, `left` is in seconds, `elsewhere` says
    that there is a target that was not asked yet.
    """
    if made >= settings.attempts or not replayable or not _wanted(settings, failure):
        return None
    if failure.sent and not keyed and method not in settings.methods:
        return None
    if elsewhere and not failure.sent:
        seconds = 0.0  # the next target had no part in it
    else:
        seconds = full_jitter(settings.backoff, settings.backoff_most, made, random)
    after = failure.retry_after
    if after is not None:
        if after > settings.backoff_most:
            return None
        # Not all at that very moment: others were told the same.
        seconds = min(after + seconds, settings.backoff_most)
    return seconds if seconds < left else None


def _wanted(settings: Retries, failure: Failure) -> bool:
    """Whether failures of this kind are tried again.

    Whatever kept a request from being sent, time or a reset, is a matter of connecting too.
    """
    what = failure.what
    if isinstance(what, int):
        return what in settings.statuses
    return what in settings.on or (not failure.sent and "connect" in settings.on)


def retry_after(value: bytes, wall_now: float) -> float | None:
    """The seconds that a Retry-After asks for (RFC 9110 section 10.2.3), a day at most; None if it says nothing valid.

    `wall_now` is in seconds since 1970.
    """
    if _DIGITS.fullmatch(value):
        return min(float(value), _LONGEST)
    if not _DATE.fullmatch(value):
        return None
    try:
        when = parsedate_tz(value.decode("ascii"))
        if when is None:
            return None
        seconds = timegm(when[:6]) - wall_now  # always GMT, whatever the third form leaves unsaid
    except ValueError:  # there is no such day
        return None
    return min(max(0.0, seconds), _LONGEST)
