"""What is wrong with Redis, in the words of the log, and what kind of failure that is."""

from __future__ import annotations

import os
from dataclasses import dataclass

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout

from gatewayd.stores.interface import Kind
from gatewayd.stores.redis.wire import Refusal

_LONGEST = 200  # characters of what Redis says

# Codes of errors that the whole server answers with: its connections lead nowhere, those that are made anew may.
_ASTRAY = frozenset({"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH", "UNKILLABLE"})
_CREDENTIALS = frozenset({"NOAUTH", "WRONGPASS", "NOPERM"})
# Codes that mean the same wherever they come from, also out of a script.
_PLAIN = frozenset({"WRONGTYPE", "OOM", "MISCONF", "NOREPLICAS"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `why` is a phrase without secrets."""

    kind: Kind
    why: str


class Away(Exception):
    """There is no connection to be had."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.why)
        self.fault = fault


NOT_YET = Fault("connection", "not connected yet")
STOPPED = Fault("connection", "the gateway stops")
ASKED = Fault("other", "everything was asked that there was to ask")
SILENT = Fault("timeout", "the connection is silent")


def no_answer(seconds: float) -> Fault:
    """Nothing came for so long."""
    return Fault("timeout", f"no answer in {seconds:g} s")


def refused(refusal: Refusal, scripted: bool) -> Fault:
    """What an error answer is about; `scripted` if it is one to a script of ours."""
    code = refusal.code
    # Redis repeats the arguments of a command it does not know.
    text = refusal.text.partition(", with args beginning")[0][:_LONGEST]
    if code in _CREDENTIALS or text.startswith("ERR AUTH"):
        return Fault("auth", f"it answers {text}")
    if code in _ASTRAY:
        return Fault("connection", f"it answers {text}")
    scripted = code not in _PLAIN and (scripted or code in ("NOSCRIPT", "BUSY"))
    return Fault("script" if scripted else "other", f"it answers {text}")


def leads_astray(refusal: Refusal) -> bool:
    """Whether the server is of no more use after this answer."""
    return refusal.code in _ASTRAY


def disconnected(error: BaseException | None) -> Fault:
    """Why a connection was lost, or could not be made."""
    if isinstance(error, Away):
        return error.fault
    if isinstance(error, DNSLookupError):
        return Fault("connection", "the name has no address")
    if isinstance(error, ConnectTimeout):
        return Fault("timeout", "no connection in time")
    if isinstance(error, ConnectError):
        known = isinstance(error.osError, int)
        return Fault("connection", os.strerror(error.osError).lower() if known else "no connection")
    if isinstance(error, VerificationError):
        return Fault("connection", "its certificate is for another name")
    if isinstance(error, SSL.Error):
        reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
        return Fault("connection", f"TLS failed: {reasons[-1][-1] if reasons else 'the connection broke off'}")
    return Fault("connection", "the connection was closed")
