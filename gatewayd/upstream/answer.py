"""What comes back from a call of the gateway's own: a bounded answer, or one phrase that says why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import RequestNotSent
from twisted.web.client import RequestTransmissionFailed, ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss

# What Twisted's client fails with where the other side, or the way to it, is to blame.
FAILURES = (
    ConnectError,
    DNSLookupError,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseFailed,
    TlsError,
    VerificationError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. `fields` are by their names in lower case, those of one name in a row."""

    status: int
    fields: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class CallFailed(Exception):
    """There is no answer: why, in a phrase that quotes nothing of what was sent or received."""


def read_body(response: Any, most: int) -> Deferred[bytes]:
    """The body of a response of Twisted's client; `CallFailed` if it is longer than `most` bytes.

    Its connection is closed then, and where the Deferred is cancelled.
    """
    body = _Body(most)
    response.deliverBody(body)
    return body.result


class _Body(Protocol):
    """Gathers a body up to a limit."""

    def __init__(self, most: int) -> None:
        self.result: Deferred[bytes] = Deferred(lambda _: self._close())
        self._most = most
        self._gathered = bytearray()

    def dataReceived(self, data: bytes) -> None:
        """Keep it, if there is room."""
        if len(self._gathered) + len(data) > self._most:
            self._close()
            self._end(Failure(CallFailed(f"the answer has more than {self._most} bytes")))
        else:
            self._gathered += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The body is complete, or broke off. Without a length, the end of the connection is that of the body."""
        self._end(bytes(self._gathered) if reason.check(ResponseDone, PotentialDataLoss) else reason)

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def _end(self, result: bytes | Failure) -> None:
        if not self.result.called:
            self.result.callback(result)


def was_cancelled(error: Exception) -> bool:
    """Whether nobody waited any longer; Twisted says it so where no head of an answer has come."""
    return isinstance(error, ResponseFailed) and any(reason.check(CancelledError) for reason in error.reasons)


def was_closed(error: Exception) -> bool:
    """Whether the other side closed the connection instead of answering, as it may do to one that was kept."""
    if isinstance(error, (RequestTransmissionFailed, ResponseNeverReceived)):
        return all(reason.check(ConnectionClosed) for reason in error.reasons)
    return isinstance(error, RequestNotSent)


def phrase(error: Exception) -> str:
    """What went wrong with a call that ended with `error`, one of `FAILURES`."""
    if isinstance(error, DNSLookupError):
        return "the name has no address"
    if isinstance(error, ConnectTimeout):
        return "no connection in time"
    if isinstance(error, ConnectError):
        return "no connection"
    causes = error.reasons if isinstance(error, (RequestTransmissionFailed, ResponseFailed)) else [Failure(error)]
    for cause in causes:
        if cause.check(VerificationError):
            return "the certificate is for another name"
        if cause.check(TlsError):
            return f"TLS failed: {_tls(cause.value)}"
    if any(cause.check(ConnectionClosed, RequestNotSent) for cause in causes):
        return "the connection was closed before the end of the answer"
    return "the answer is not valid HTTP"


def _tls(error: Any) -> str:
    """OpenSSL's words."""
    queue = error.args[0] if error.args else ()
    words = [entry[-1] for entry in queue if entry[-1]] if isinstance(queue, list) else []
    return words[-1] if words else "the other side broke off"
