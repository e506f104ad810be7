"""Policies that the tests of this room configure."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from gatewayd.filters.policies import PolicyRequest

asked: list[tuple[PolicyRequest, Deferred[object]]] = []


def refunds(request: PolicyRequest) -> bool | str:
    """May be asked in a thread: the box office may, others are told."""
    identity = request.identity
    return (identity is not None and "box-office" in identity.roles) or "only the box office refunds"


async def elsewhere(request: PolicyRequest) -> object:
    """Runs in the loop: a test gives the answer."""
    pending: Deferred[object] = Deferred()
    asked.append((request, pending))
    return await pending
