"""What becomes of a key: the table of its states, and what an answer's status means for it."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What is known of a key; the value is what stores keep."""

    FREE = "-"  # nothing
    CLAIMED = "C"  # a request with it is being answered
    LOST = "L"  # a request with it may have been carried out, and nobody knows what came of it
    ANSWERED = "A"  # the answer is kept
    UNKEPT = "U"  # it was carried out; its answer was not to be kept


class Event(Enum):
    """What happens to it; everything but `CLAIM` and `EXPIRE` comes from the request that holds it."""

    CLAIM = "claim"  # a request wants to be the one
    RENEW = "renew"  # it is still being answered
    ANSWER = "answer"  # this is the answer
    FORGO = "forgo"  # there was an answer, which cannot be kept
    LOSE = "lose"  # the service may have been asked, and there is no answer
    RELEASE = "release"  # it was not carried out
    EXPIRE = "expire"  # the time is over


# Pairs that are not listed change nothing. A holder whose lease has ended finds the key free, if no other took it.
TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.FREE, Event.CLAIM): State.CLAIMED,
    (State.FREE, Event.ANSWER): State.ANSWERED,
    (State.FREE, Event.FORGO): State.UNKEPT,
    (State.FREE, Event.LOSE): State.LOST,
    (State.CLAIMED, Event.RENEW): State.CLAIMED,
    (State.CLAIMED, Event.ANSWER): State.ANSWERED,
    (State.CLAIMED, Event.FORGO): State.UNKEPT,
    (State.CLAIMED, Event.LOSE): State.LOST,
    (State.CLAIMED, Event.RELEASE): State.FREE,
    (State.CLAIMED, Event.EXPIRE): State.FREE,
    (State.LOST, Event.EXPIRE): State.FREE,
    (State.ANSWERED, Event.EXPIRE): State.FREE,
    (State.UNKEPT, Event.EXPIRE): State.FREE,
}

# The service did not do it, and says so: who may not, who came at the wrong time, or too often, may come again.
_NOT_DONE = frozenset({401, 407, 408, 409, 425, 429, 503})
# The service asked another one, and does not know itself what became of that.
_NOT_KNOWN = frozenset({502, 504})


def event_of(status: int) -> Event:
    """What an answer with this status means for the key: most are final, those of failures (500) too, as with Stripe.

    An upgrade (101) is an answer that cannot be kept.
    """
    if status < 200:
        return Event.FORGO
    if status in _NOT_DONE:
        return Event.RELEASE
    return Event.LOSE if status in _NOT_KNOWN else Event.ANSWER
