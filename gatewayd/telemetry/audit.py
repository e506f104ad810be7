"""The audit stream: what was tried against the gateway and who changed what about it, in one vocabulary.

It is never sampled. Floods are counted as those of other events are: see `gatewayd.core.repeats`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gatewayd.log import Event, Log, audit

_log = Log("gatewayd.audit")


class Attacked(Protocol):
    """What is told of a request."""

    request_id: bytes

    @property
    def channel(self) -> Any:
        """The client's connection."""

    @property
    def head(self) -> Any:
        """Its head."""

    @property
    def route(self) -> Any:
        """The route that was found."""

    @property
    def caller(self) -> Any:
        """Who is calling, once known."""


class Audit:
    """Writes audit events. `client` tells a request's address, as far as believed proxies name it.

    No fact is a token, a key, a body or a query: whoever tells an event sees to that. Lists are told as text, with
    commas.
    """

    def __init__(self, client: Callable[[Any], str]) -> None:
        self._client = client

    def __call__(self, event: Event, exchange: Attacked, /, **facts: object) -> None:
        """Something about a request. Its caller's tenant and subject are told where no others are among the facts."""
        head, route, caller = exchange.head, exchange.route, exchange.caller
        identity = None if caller is None else caller.identity
        told: dict[str, object] = {
            "client": self._client(exchange) or "unix",
            "method": head.method.decode("ascii"),
            "path": head.path.decode("ascii"),
            "route": None if route is None else route.label,
            "tenant": None if identity is None else identity.tenant,
            "user": None if identity is None else identity.subject,
        }
        for name, fact in facts.items():
            told[name] = ", ".join(fact) if isinstance(fact, list) else fact
        _log(event, exchange, **told)

    def reloaded(self, what: str, operator: str, client: str) -> None:
        """A new configuration is in effect: what changed, in words, who asked for it, and from where."""
        _log(audit.CONFIG_RELOADED, what=what, operator=operator, client=client)

    def reload_refused(self, cause: str, operator: str, client: str) -> None:
        """A new configuration was refused."""
        _log(audit.CONFIG_REFUSED, cause=cause, operator=operator, client=client)

    def acted(self, what: str, operator: str, client: str) -> None:
        """Somebody acted through the admin edge."""
        _log(audit.ADMIN_ACTION, what=what, operator=operator, client=client)

    def refused(self, what: str, cause: str, operator: str, client: str) -> None:
        """Somebody tried to act through the admin edge, and may not."""
        _log(audit.ADMIN_REFUSED, what=what, cause=cause, operator=operator, client=client)
