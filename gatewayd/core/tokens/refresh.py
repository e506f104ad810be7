"""When to fetch an issuer's keys: ahead of their expiry, once for a flood of unknown names, seldom while it is down.

One `KeysState` per issuer says what to do; whoever holds it fetches and tells it how that went. Times are seconds of
any one clock. Keys that were fetched once are kept until newer ones arrive: an issuer that is down logs nobody out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from math import inf

from gatewayd.core.tokens.keys import KeySet

_DIRECTIVE = re.compile(r'[ \t]*([A-Za-z-]+)(?:="?([0-9]{1,10})"?(?=[ \t]*\Z))?')


@dataclass(frozen=True, slots=True)
class Pace:
    """How often keys are fetched, in seconds.

    Keys are good for what the issuer's Cache-Control says between `least_life` and `most_life`, for `usual_life` where
    it says nothing; the last part of that, between half of `ahead` and all of it, is left for fetching anew, at random
    so that several gateways do not come at once. `cooldown` is the least time between a fetch and another one that is
    made because of a token. Failed fetches are repeated after `first_retry`, then twice as long each time up to
    `most_retry`, less up to a half at random.
    """

    usual_life: float = 3600.0
    least_life: float = 60.0
    most_life: float = 86_400.0
    ahead: float = 0.2
    cooldown: float = 30.0
    first_retry: float = 1.0
    most_retry: float = 300.0


class Phase(Enum):
    """What is known of the keys and what is being done about it."""

    COLD = "cold"  # never fetched
    STARTING = "starting"  # being fetched for the first time
    READY = "ready"
    RENEWING = "renewing"  # being fetched while older ones serve


class Ask(Enum):
    """What somebody may do whose token needs keys that are not there."""

    FETCH = "fetch"  # start a fetch, and wait for it
    JOIN = "join"  # wait for the fetch under way
    NO = "no"  # it was tried just now: do without


class KeysState:
    """When to fetch the keys of one issuer, and those that were fetched last."""

    __slots__ = ("_due", "_pace", "_quiet_until", "_stale_at", "failures", "fetched", "fetching", "keys")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._due = -inf
        self._quiet_until = -inf
        self._stale_at = inf
        self.keys: KeySet | None = None
        self.fetched: float | None = None  # when the keys came
        self.fetching = False
        self.failures = 0  # fetches that failed since the last that did not

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        if self.keys is None:
            return Phase.STARTING if self.fetching else Phase.COLD
        return Phase.RENEWING if self.fetching else Phase.READY

    def stale(self, now: float) -> bool:
        """Whether the keys serve although they should have been fetched anew by now."""
        return now >= self._stale_at

    def wait(self, now: float) -> float:
        """The seconds until the next fetch by plan, 0 when it is due; infinite while one is under way."""
        return inf if self.fetching else max(0.0, self._due - now)

    def ask(self, now: float) -> Ask:
        """What to do about a token that needs a key we do not have, or an issuer without any keys."""
        if self.fetching:
            return Ask.JOIN
        return Ask.FETCH if now >= min(self._quiet_until, self._due) else Ask.NO

    def start(self) -> None:
        """A fetch begins; there is never more than one."""
        if self.fetching:
            raise RuntimeError("a fetch of these keys is under way")
        self.fetching = True

    def succeed(self, keys: KeySet, max_age: float | None, now: float, random: float) -> None:
        """The fetch brought `keys`, good for `max_age` seconds by the issuer's word (see `max_age_of`).

        No keys at all are a failure: an issuer that signs tokens has some, and the older ones stay.
        """
        if not keys:
            self.fail(now, random)
            return
        self._end()
        pace = self._pace
        life = pace.usual_life if max_age is None else min(max(max_age, pace.least_life), pace.most_life)
        self.keys = keys
        self.fetched = now
        self.failures = 0
        self._stale_at = now + life
        self._due = now + life * (1 - pace.ahead * (1 + random) / 2)
        self._quiet_until = now + pace.cooldown

    def fail(self, now: float, random: float) -> None:
        """The fetch brought nothing that can be used: keys from before stay, the next one waits longer."""
        self._end()
        # 2.0**64 seconds are longer than any bound; larger powers would overflow after a long night.
        delay = min(self._pace.most_retry, self._pace.first_retry * 2.0 ** min(self.failures, 64))
        self.failures += 1
        self._due = self._quiet_until = now + delay * (1 - random / 2)

    def _end(self) -> None:
        """A fetch is over."""
        if not self.fetching:
            raise RuntimeError("no fetch of these keys is under way")
        self.fetching = False


def max_age_of(cache_control: str, age: str = "") -> float | None:
    """For how many more seconds an answer is fresh by its Cache-Control and Age fields; None where they do not say.

    Of several `max-age` the least counts; `no-store` and `no-cache` make it 0 (RFC 9111 section 5.2.2).
    """
    least: float | None = None
    for part in cache_control.split(","):
        match = _DIRECTIVE.match(part)
        name = match[1].lower() if match else ""
        if match and name == "max-age" and match[2]:
            least = min(float(match[2]), inf if least is None else least)
        elif name in ("no-store", "no-cache"):
            least = 0.0
    if least is None:
        return None
    return max(0.0, least - int(age)) if age.isdigit() and age.isascii() and len(age) < 11 else least
