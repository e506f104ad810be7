"""What is known of a request that a service is asked to answer: a client's, or a copy of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gatewayd.core.messages import RequestHead, ResponseHead

if TYPE_CHECKING:
    from gatewayd.filters.caller import Caller
    from gatewayd.http.channel import ServerChannel
    from gatewayd.http.connection import RequestBody, UpstreamConnection
    from gatewayd.pipeline.application import Application
    from gatewayd.upstream.target import Target


class Asking(Protocol):
    """`upload` is the body as it is sent, where that is not `body` itself; see `gatewayd.pipeline.exchange`."""

    application: Application
    channel: ServerChannel
    request_id: bytes
    tenant: bytes
    identity: bytes
    caller: Caller | None
    attempts: int
    target: Target[UpstreamConnection] | None
    hurried: bool
    cookie: bytes

    @property
    def head(self) -> RequestHead | None:
        """The request's head."""

    @property
    def body(self) -> RequestBody | None:
        """Its body."""

    @property
    def upload(self) -> RequestBody | None:
        """What stands between the body and the service."""

    def interim(self, answer: ResponseHead) -> None:
        """A 1xx answer came."""
