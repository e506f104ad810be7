"""Policies of every temper, for the daemon to ask."""

from __future__ import annotations

import os
import socket

from twisted.internet.defer import Deferred

from gatewayd.filters.policies import PolicyRequest

GATE = "POLICY_GATE"  # the environment's name for the port of a server that says nothing until the test is over


def agrees(request: PolicyRequest) -> bool:
    """Yes."""
    return True


def refuses(request: PolicyRequest) -> bool:
    """No."""
    return False


def explains(request: PolicyRequest) -> str:
    """No, and why."""
    return "refunds are closed"


def fails(request: PolicyRequest) -> bool:
    """Has a bug."""
    raise RuntimeError("the policy has a bug")


def mumbles(request: PolicyRequest) -> object:
    """Answers neither yes nor no."""
    return 1


async def hangs(request: PolicyRequest) -> bool:
    """Waits for what never comes."""
    return await Deferred()


def blocks(request: PolicyRequest) -> bool:
    """Keeps its thread until the test lets go of it."""
    with socket.create_connection(("127.0.0.1", int(os.environ[GATE]))) as sock:
        sock.recv(1)
    return True


def sees_no_claims(request: PolicyRequest) -> bool:
    """Agrees if nothing that a client made up, and no credential, is among what it is shown."""
    shown = (*request.headers, *(value for values in request.headers.values() for value in values))
    return not any("impostor" in text or "x-tenant-id" in text or "bearer" in text.lower() for text in shown)
