"""Answers as they are: a few packed bytes can become gigabytes, and treq would unpack them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.client import Agent
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse
from zope.interface import implementer

from gatewayd.upstream.answer import CallFailed, read_body


@implementer(IAgent)
class Unpacked:
    """Asks for answers as they are: a few packed bytes can become gigabytes, and treq would unpack them."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[IResponse]:
        """Send a request, and refuse an answer that is packed all the same."""
        headers = Headers() if headers is None else headers.copy()
        headers.setRawHeaders("accept-encoding", ["identity"])
        asking: Deferred[IResponse] = self._agent.request(method, uri, headers, bodyProducer)
        return asking.addCallback(_unpacked)


def _unpacked(response: IResponse) -> IResponse:
    """`response`, unless its body is packed."""
    codings = ",".join(response.headers.getRawHeaders("content-encoding", ["identity"]))
    if any(coding.strip().lower() != "identity" for coding in codings.split(",")):
        unread = read_body(response, 0)
        unread.addErrback(lambda _: None)  # what cancelling it fails with
        unread.cancel()
        raise CallFailed("the answer is compressed although that was not asked for")
    return response
