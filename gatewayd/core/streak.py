"""Whether a target is well, from its last checks: one odd result changes nothing, a streak of them does."""

from __future__ import annotations

from enum import Enum


class Health(Enum):
    """What is known of a target. One that nobody checked yet is usable, and yet no reason to call the gateway ready."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class Streak:
    """Turns results into `health`: `rise` good ones in a row bring a target back, `fall` bad ones put it out.

    The first good result is enough as long as nothing is known, so that a start need not wait for `rise` checks.
    """

    __slots__ = ("_fall", "_rise", "_run", "health")

    def __init__(self, rise: int = 2, fall: int = 3) -> None:
        self._rise = rise
        self._fall = fall
        self._run = 0  # results in a row that speak against `health`
        self.health = Health.UNKNOWN

    def observe(self, ok: bool) -> bool:
        """Count one result; whether `health` changed by it."""
        health = self.health
        if health is Health.UNKNOWN and ok:
            self.health = Health.HEALTHY
            self._run = 0
            return True
        if ok is not (health is Health.UNHEALTHY):
            self._run = 0
            return False
        self._run += 1
        if self._run < (self._rise if ok else self._fall):
            return False
        self.health = Health.HEALTHY if ok else Health.UNHEALTHY
        self._run = 0
        return True
