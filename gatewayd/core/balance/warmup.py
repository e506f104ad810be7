"""New targets, and those that were ill, get their part of the requests bit by bit: caches and pools have to fill."""

from __future__ import annotations

LEAST = 0.1  # with less than that a target would hardly warm up


def share(since: float, until: float, now: float, least: float = LEAST) -> float:
    """The part of its full share that a target gets: `least` at `since`, growing evenly to 1.0 at `until`."""
    if now >= until:
        return 1.0
    if now <= since:
        return least
    return least + (1.0 - least) * (now - since) / (until - since)


def admits(share: float, random: float) -> bool:
    """Whether a target that was picked takes the request; `random` is from 0.0 to below 1.0."""
    return random < share
