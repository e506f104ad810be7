"""Kinds and words of what goes wrong; and that no reactor is needed to import the store."""

from __future__ import annotations

import subprocess
import sys

import pytest
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import ConnectionLost, ConnectionRefusedError, DNSLookupError, NoRouteError, TimeoutError

from gatewayd.config.models.address import Address
from gatewayd.stores.redis import SentinelSettings, Settings
from gatewayd.stores.redis.faults import Away, Fault, disconnected, leads_astray, refused
from gatewayd.stores.redis.wire import Refusal


@pytest.mark.parametrize(
    ("text", "scripted", "kind", "astray"),
    [
        ("NOAUTH Authentication required.", False, "auth", True),
        ("WRONGPASS invalid username-password pair or user is disabled.", False, "auth", False),
        ("ERR AUTH <password> called without any password configured", False, "auth", False),
        ("NOPERM no permissions", True, "auth", False),
        ("READONLY You can't write against a read only replica.", True, "connection", True),
        ("LOADING Redis is loading the dataset in memory", False, "connection", True),
        ("MASTERDOWN Link with MASTER is down", False, "connection", True),
        ("CLUSTERDOWN The cluster is down", False, "connection", True),
        ("NOSCRIPT No matching script.", True, "script", False),
        ("BUSY Redis is busy running a script.", False, "script", False),
        ("ERR user_script:1: attempt to index a nil value", True, "script", False),
        ("ERR value is not an integer or out of range", False, "other", False),
        ("WRONGTYPE Operation against a key", True, "other", False),
        ("OOM command not allowed when used memory > 'maxmemory'.", True, "other", False),
        ("", False, "other", False),
    ],
)
def test_answers(text: str, scripted: bool, kind: str, astray: bool) -> None:
    """An error has a kind, and says whether the connection is of any use after it."""
    refusal = Refusal(text.encode())
    assert (refused(refusal, scripted).kind, leads_astray(refusal)) == (kind, astray)


def test_what_is_not_repeated() -> None:
    """Arguments of a call, which may be secrets, and endless texts."""
    unknown = Refusal(b"ERR unknown command 'GETT', with args beginning with: 'key' 'secret'")
    assert refused(unknown, False).why == "it answers ERR unknown command 'GETT'"
    assert len(refused(Refusal(b"ERR " + b"x" * 5000), False).why) < 250


@pytest.mark.parametrize(
    ("error", "kind", "why"),
    [
        (ConnectionRefusedError(osError=111), "connection", "connection refused"),
        (NoRouteError(osError=113), "connection", "no route to host"),
        (DNSLookupError("no such name"), "connection", "the name has no address"),
        (TimeoutError(), "timeout", "no connection in time"),
        (ConnectionLost(), "connection", "the connection was closed"),
        (VerificationError(errors=[]), "connection", "its certificate is for another name"),
        (SSL.Error([("SSL routines", "", "wrong version number")]), "connection", "TLS failed: wrong version number"),
        (SSL.Error(), "connection", "TLS failed: the connection broke off"),
        (Away(Fault("auth", "it answers NOAUTH")), "auth", "it answers NOAUTH"),
    ],
)
def test_connections(error: Exception, kind: str, why: str) -> None:
    """Why there is no connection, in a phrase."""
    assert disconnected(error) == Fault(kind, why)  # type: ignore[arg-type]


def test_secrets_are_not_shown() -> None:
    """Passwords are not part of how settings look."""
    sentinel = SentinelSettings("main", (Address("tcp", "127.0.0.1", 26379),), password="hush")
    assert "hush" not in repr(Settings(password="hush", sentinel=sentinel))


def test_the_reactor_is_not_imported() -> None:
    """Importing the store installs no reactor: that is for whoever starts the gateway."""
    program = "import sys, gatewayd.stores.redis; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
