"""What tells requests apart, for those that belong together to go the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatewayd.core.balance import Key, Source, cookie_value
from gatewayd.core.forwarded import TrustedPeers

if TYPE_CHECKING:
    from gatewayd.pipeline.asking import Asking

KeyOf = Callable[["Asking"], "bytes | None"]


def key_of(key: Key, trusted: TrustedPeers) -> KeyOf:
    """What finds the key of a request; None for one that has none. `trusted` are the proxies whose word is taken."""
    name = key.name

    def client(exchange: Asking) -> bytes | None:
        assert exchange.head is not None
        return exchange.channel.peer.client_of(exchange.head, trusted).encode() or None

    def tenant(exchange: Asking) -> bytes | None:
        return exchange.tenant or None

    def header(exchange: Asking) -> bytes | None:
        assert exchange.head is not None
        return exchange.head.get(name)

    def cookie(exchange: Asking) -> bytes | None:
        assert exchange.head is not None
        return cookie_value(exchange.head.get_all(b"cookie"), name)

    return {Source.CLIENT: client, Source.TENANT: tenant, Source.HEADER: header, Source.COOKIE: cookie}[key.source]
